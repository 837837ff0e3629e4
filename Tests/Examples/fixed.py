"""What differs from run to run, as fixed values: ids, times, lengths of time, process numbers and folders."""
import re


class Fixed:
    """The first id that appears is always shown as the same one, the second as another, and so on."""

    def __init__(self, folders=()):
        self.ids, self.folders = {}, folders

    def hexadecimal(self, match):
        text = match[0]
        if not re.search(r"\d", text):
            return text
        digits = text.replace("-", "")
        for known, shown in self.ids.items():
            if known.startswith(digits[:7]):
                return self.shaped(shown, text)
        number = len(self.ids)
        # Each begins with a letter and a figure, so that it still looks like what it is.
        shown = "3f2a91c4" if number == 0 else f"{(0xA7C41B5E + number * 0x1F35A9D7) % 0x60000000 + 0xA0000000:08x}"
        shown += "".join(f"{(int(shown, 16) * step) & 0xFFFFFFFF:08x}" for step in (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35))
        self.ids[digits] = shown
        return self.shaped(shown, text)

    @staticmethod
    def shaped(shown, like):
        digits = iter(shown)
        return "".join("-" if character == "-" else next(digits) for character in like)

    def text(self, text):
        for folder, shown in self.folders:
            text = text.replace(folder, shown)
        text = re.sub(r"\b20\d\d-\d\d-\d\d([ T])\d\d:\d\d(:\d\d(\.\d+)?)?", r"2026-03-09\g<1>09:41:07", text)
        text = re.sub(r"\b\d\d:\d\d:\d\d\b", "09:41:07", text)
        text = re.sub(r"(?<![-\w.])\d+(\.\d+)? (ms|s)\b", "2 s", text)
        text = re.sub(r"\bpid \d+", "pid 4242", text)
        text = re.sub(r"\b\d+(\.\d+)? (bytes|kB|KB|KiB|MB)", "4.2 kB", text)
        text = re.sub(r"\b20\d\d-\d\d-\d\d\b(?![ T]\d)", "2026-03-09", text)
        text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{7,8}\b",
                      self.hexadecimal, text)
        # The first four digits of an id that was seen before.
        short = {known[:4]: shown[:4] for known, shown in self.ids.items() if len(known) == 32}
        return re.sub(r"\b[0-9a-f]{4}\b", lambda match: short.get(match[0], match[0]), text)
