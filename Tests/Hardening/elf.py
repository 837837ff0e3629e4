"""Reads what matters of an ELF file: its kind, segments, dynamic flags and the names that it takes from elsewhere."""
import pathlib
import struct

EXEC, DYN = 2, 3
LOAD, DYNAMIC, STACK, RELRO = 1, 2, 0x6474E551, 0x6474E552
EXECUTABLE, WRITABLE = 1, 2
DT_TEXTREL, DT_FLAGS, DT_FLAGS_1, DT_BIND_NOW, DT_RPATH, DT_RUNPATH = 22, 30, 0x6FFFFFFB, 24, 15, 29
DF_BIND_NOW, DF_TEXTREL, DF_1_NOW, DF_1_PIE = 8, 4, 1, 0x08000000
SYMBOL_TABLES = (2, 11)


class Elf:
    def __init__(self, path):
        self.bytes = pathlib.Path(path).read_bytes()
        if self.bytes[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path} is not a 64-bit little-endian ELF file")
        self.kind, = struct.unpack_from("<H", self.bytes, 16)
        start, sections = struct.unpack_from("<QQ", self.bytes, 32)
        size, count, section_size, section_count = struct.unpack_from("<HHHH", self.bytes, 54)
        # Each segment: type, flags, offset, size in the file.
        self.segments = []
        for index in range(count):
            kind, flags, offset, _, _, length = struct.unpack_from("<IIQQQQ", self.bytes, start + index * size)
            self.segments.append((kind, flags, offset, length))
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.bytes, sections + index * section_size)
                         for index in range(section_count)]

    def segment(self, kind):
        return next((segment for segment in self.segments if segment[0] == kind), None)

    @property
    def dynamic(self):
        """The dynamic entries by tag; the last one of a tag counts."""
        entries, segment = {}, self.segment(DYNAMIC)
        if segment:
            for offset in range(segment[2], segment[2] + segment[3], 16):
                tag, value = struct.unpack_from("<qQ", self.bytes, offset)
                if tag == 0:
                    break
                entries[tag] = value
        return entries

    @property
    def undefined(self):
        """Names of symbols that are defined elsewhere."""
        names = set()
        for section in self.sections:
            if section[1] not in SYMBOL_TABLES:
                continue
            texts = self.sections[section[6]]
            for offset in range(section[4], section[4] + section[5], 24):
                name, _, _, index = struct.unpack_from("<IBBH", self.bytes, offset)
                if index == 0 and name:
                    begin = texts[4] + name
                    names.add(self.bytes[begin:self.bytes.index(b"\0", begin)].decode("ascii", "replace"))
        return names
