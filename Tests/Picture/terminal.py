"""A terminal as far as tt and a shell use one: text, colours, the cursor, and an alternate screen."""
import re
import unicodedata

SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b[=>]|\x1b\][^\x07]*\x07")


def width(character):
    """Columns that a character takes."""
    if unicodedata.combining(character) or character in "\ufe0e\ufe0f\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" or ord(character) >= 0x1F300 else 1


class Screen:
    """Rows of cells; a cell is a text and a style, and the second half of a wide one is empty."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells, self.kept, self.style = self.blank(), None, ""
        self.row = self.column = 0
        self.rest = ""

    def blank(self):
        return [[(" ", "") for _ in range(self.columns)] for _ in range(self.rows)]

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        position = 0
        while position < len(text):
            character = text[position]
            if character == "\x1b":
                match = SEQUENCE.match(text, position)
                if not match:
                    # The other half comes with the next read.
                    self.rest = text[position:]
                    return
                if match[2]:
                    self.control(match[1], match[2])
                position = match.end()
                continue
            self.put(character)
            position += 1

    def put(self, character):
        if character == "\n":
            self.line_down()
        elif character == "\r":
            self.column = 0
        elif character == "\b":
            self.column = max(0, self.column - 1)
        elif character >= " ":
            wide = width(character)
            if wide == 0:
                if self.column > 0:
                    text, style = self.cells[self.row][self.column - 1]
                    target = self.column - 1 if text else max(0, self.column - 2)
                    text, style = self.cells[self.row][target]
                    self.cells[self.row][target] = (text + character, style)
                return
            if self.column + wide > self.columns:
                self.column = 0
                self.line_down()
            self.cells[self.row][self.column] = (character, self.style)
            if wide == 2 and self.column + 1 < self.columns:
                self.cells[self.row][self.column + 1] = ("", self.style)
            self.column += wide

    def line_down(self):
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            self.cells = self.cells[1:] + [[(" ", "") for _ in range(self.columns)]]

    def control(self, words, letter):
        numbers = [int(word) if word.isdigit() else 0 for word in words.lstrip("?").split(";")] if words else []
        first = numbers[0] if numbers else 0
        if letter == "m":
            self.colour(numbers or [0])
        elif letter == "H":
            self.row = min(self.rows, max(1, first)) - 1
            self.column = min(self.columns, max(1, numbers[1] if len(numbers) > 1 else 1)) - 1
        elif letter == "A":
            self.row = max(0, self.row - max(1, first))
        elif letter == "K":
            begin, end = {0: (self.column, self.columns), 1: (0, self.column + 1), 2: (0, self.columns)}[first]
            for column in range(begin, end):
                self.cells[self.row][column] = (" ", "")
        elif letter == "J":
            if first == 2:
                self.cells = self.blank()
            else:
                self.control("", "K")
                for row in range(self.row + 1, self.rows):
                    self.cells[row] = [(" ", "") for _ in range(self.columns)]
        elif letter in "hl" and words == "?1049":
            if letter == "h":
                self.kept, self.cells = (self.cells, self.row, self.column), self.blank()
            elif self.kept:
                self.cells, self.row, self.column = self.kept
                self.kept = None

    def colour(self, numbers):
        names = {30: "black", 31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "magenta", 36: "cyan", 37: "white",
                 90: "dim"}
        parts = set(self.style.split())
        for number in numbers:
            if number == 0:
                parts = set()
            elif number == 1:
                parts.add("bold")
            elif number == 2:
                parts.add("dim")
            elif number == 22:
                parts -= {"bold", "dim"}
            elif number == 39:
                parts -= set(names.values())
            elif number in names or number - 60 in names:
                parts -= set(names.values()) - {"dim"}
                parts.add(names.get(number) or names[number - 60])
        self.style = " ".join(sorted(parts))

    def lines(self):
        """What is shown: a tuple of lines, each a tuple of (text, style)."""
        shown = []
        for row in self.cells:
            spans = []
            for text, style in row:
                if spans and spans[-1][1] == style:
                    spans[-1][0] += text
                else:
                    spans.append([text, style])
            while spans and not spans[-1][0].strip():
                spans.pop()
            if spans:
                spans[-1][0] = spans[-1][0].rstrip()
            shown.append(tuple((text, style) for text, style in spans))
        return tuple(shown)
