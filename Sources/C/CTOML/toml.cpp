// The only door to toml++: it throws and is full of templates, and neither can cross into Swift.
#include "CTOML.h"

// The library asserts what some malformed texts break. A text is input, not our bug: in every kind of build such a text
// is an error like any other, and never a process that ends, or that goes on with a false assumption.
#undef NDEBUG
#include <stdexcept>
#define TOML_ASSERT(expression) \
    do { \
        if (!(expression)) throw std::runtime_error("this is not TOML"); \
    } while (false)

#include <algorithm>
#include <cstring>
#include <sstream>
#include <toml++/toml.h>
#include <vector>

namespace {

using visitor = void (*)(void *, const ctoml_event *);

struct walker {
    void *context;
    visitor visit;

    ctoml_event event(ctoml_kind kind, const toml::node &node, const toml::key *key) const {
        ctoml_event event{};
        event.kind = kind;
        event.line = node.source().begin.line;
        event.column = node.source().begin.column;
        event.end_line = node.source().end.line;
        event.end_column = node.source().end.column;
        if (key) {
            event.key = key->data();
            event.key_length = key->length();
            event.key_line = key->source().begin.line;
            event.key_column = key->source().begin.column;
        }
        return event;
    }

    template <typename Time> void time(const toml::node &node, const toml::key *key, const Time &value) const {
        std::ostringstream stream;
        stream << value;
        const std::string text = stream.str();
        ctoml_event step = event(CTOML_TIME, node, key);
        step.text = text.data();
        step.text_length = text.size();
        visit(context, &step);
    }

    void walk(const toml::node &node, const toml::key *key) const {
        if (const toml::table *table = node.as_table()) {
            ctoml_event step = event(CTOML_TABLE_BEGIN, node, key);
            visit(context, &step);
            // toml++ sorts tables by key; people wrote them in another order.
            std::vector<std::pair<const toml::key *, const toml::node *>> entries;
            for (auto &&[name, child] : *table) entries.emplace_back(&name, &child);
            std::sort(entries.begin(), entries.end(), [](const auto &left, const auto &right) {
                const auto a = left.first->source().begin, b = right.first->source().begin;
                return a.line != b.line ? a.line < b.line : a.column < b.column;
            });
            for (const auto &[name, child] : entries) walk(*child, name);
            step.kind = CTOML_TABLE_END;
            visit(context, &step);
        } else if (const toml::array *array = node.as_array()) {
            ctoml_event step = event(CTOML_ARRAY_BEGIN, node, key);
            visit(context, &step);
            for (auto &&child : *array) walk(child, nullptr);
            step.kind = CTOML_ARRAY_END;
            visit(context, &step);
        } else if (const auto *value = node.as_string()) {
            ctoml_event step = event(CTOML_STRING, node, key);
            step.text = value->get().data();
            step.text_length = value->get().size();
            visit(context, &step);
        } else if (const auto *value = node.as_integer()) {
            ctoml_event step = event(CTOML_INTEGER, node, key);
            step.integer = value->get();
            visit(context, &step);
        } else if (const auto *value = node.as_floating_point()) {
            ctoml_event step = event(CTOML_FLOAT, node, key);
            step.number = value->get();
            visit(context, &step);
        } else if (const auto *value = node.as_boolean()) {
            ctoml_event step = event(CTOML_BOOLEAN, node, key);
            step.boolean = value->get();
            visit(context, &step);
        } else if (const auto *value = node.as_date()) {
            time(node, key, value->get());
        } else if (const auto *value = node.as_time()) {
            time(node, key, value->get());
        } else if (const auto *value = node.as_date_time()) {
            time(node, key, value->get());
        }
    }
};

void copy(ctoml_error *error, const char *text, size_t length) {
    length = std::min(length, sizeof error->message - 1);
    std::memcpy(error->message, text, length);
    error->message[length] = 0;
}

}  // namespace

extern "C" bool ctoml_parse(
    const char *text, size_t length, void *context, visitor visit, ctoml_error *error) {
    try {
        const toml::table document = toml::parse(std::string_view{text, length});
        walker{context, visit}.walk(document, nullptr);
        return true;
    } catch (const toml::parse_error &problem) {
        const std::string_view description = problem.description();
        copy(error, description.data(), description.size());
        error->line = problem.source().begin.line;
        error->column = problem.source().begin.column;
    } catch (const std::exception &problem) {
        copy(error, problem.what(), std::strlen(problem.what()));
        error->line = error->column = 0;
    }
    return false;
}
