"""Frames of a terminal as one animated SVG: each distinct line once, frames that use them, and CSS that shows one at a time."""
import html

from terminal import width

ADVANCE, HEIGHT, MARGIN, BAR = 8.4, 19, 16, 34
COLOURS = {"red": "#ff7b72", "green": "#7ee787", "yellow": "#e3b341", "blue": "#79c0ff", "magenta": "#d2a8ff",
           "cyan": "#76e3ea", "white": "#ffffff", "black": "#6e7681", "dim": "#8b949e"}


def columns(text):
    return sum(map(width, text))


def line_of(spans):
    """A line as SVG texts; each run begins at its own column, so that wide characters do not move what follows."""
    parts, column = [], 0
    for text, style in spans:
        classes = "".join(name[0] if name != "bold" else "B" for name in style.split())
        run, start = "", column
        for character in text + "\0":
            # Emoji are as wide as their font likes: what follows one begins anew.
            if character == "\0" or (run and width(character) != 1) or (run and width(run[-1]) == 2):
                if run.strip():
                    lead = len(run) - len(run.lstrip(" "))
                    begin = (start + lead) * ADVANCE
                    name = f' class="{" ".join("c" + each for each in classes)}"' if classes else ""
                    parts.append(f'<tspan x="{begin:g}"{name}>{html.escape(run.strip(" "), quote=False)}</tspan>')
                run, start = "", column
            if character != "\0":
                run += character
                column += width(character)
    return "".join(parts)


def draw(frames, size, title):
    """- frames: pairs of lines and seconds."""
    wide, high = size
    total = sum(seconds for _, seconds in frames)
    names, defs, groups, style, at = {}, [], [], [], 0.0
    for number, (lines, seconds) in enumerate(frames):
        uses = []
        for row, spans in enumerate(lines):
            if not spans:
                continue
            if spans not in names:
                names[spans] = f"l{len(names)}"
                defs.append(f'<text id="{names[spans]}">{line_of(spans)}</text>')
            uses.append(f'<use href="#{names[spans]}" y="{row * HEIGHT + 14}"/>')
        begin, end = 100 * at / total, 100 * (at + seconds) / total
        at += seconds
        keys = f"0%{{visibility:hidden}}" if begin > 0 else ""
        keys += f"{begin:.3f}%{{visibility:visible}}"
        if end < 99.9995:
            keys += f"{end:.3f}%{{visibility:hidden}}"
        style.append(f"@keyframes k{number}{{{keys}}}#f{number}{{animation-name:k{number}}}")
        groups.append(f'<g id="f{number}" class="f">{"".join(uses)}</g>')
    across, down = wide * ADVANCE + 2 * MARGIN, high * HEIGHT + BAR + MARGIN
    classes = "".join(f".c{name[0]}{{fill:{colour}}}" for name, colour in COLOURS.items() if name not in ("blue", "black"))
    # Without animation the last frame is shown.
    still = f"@media (prefers-reduced-motion:reduce){{.f{{animation:none}}#f{len(frames) - 1}{{visibility:visible}}}}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:g} {down:g}" width="{across:g}" role="img" '
        f'aria-label="{html.escape(title)}"><title>{html.escape(title)}</title><style>'
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e6edf3;white-space:pre}"
        f".cB{{font-weight:700}}{classes}"
        f".f{{visibility:hidden;animation:{total:g}s step-end infinite}}{''.join(style)}{still}</style>"
        f'<rect width="100%" height="100%" rx="9" fill="#0d1117"/>'
        '<circle cx="20" cy="17" r="6" fill="#ff5f56"/><circle cx="40" cy="17" r="6" fill="#ffbd2e"/>'
        '<circle cx="60" cy="17" r="6" fill="#27c93f"/>'
        f'<defs>{"".join(defs)}</defs><g transform="translate({MARGIN} {BAR})">{"".join(groups)}</g></svg>\n')
