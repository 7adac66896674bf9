"""The report: one line a check, printed as it comes and kept for the file."""

WIDTH = 10


class Report:
    def __init__(self):
        self.lines = []
        self.counts = {"ok": 0, "FAILED": 0, "not yet": 0}

    def line(self, first, text):
        rows = str(text).rstrip().splitlines() or [""]
        for row, mark in zip(rows, [first] + [""] * (len(rows) - 1)):
            self.lines.append(f"{mark:<{WIDTH}}{row}".rstrip())
            print(self.lines[-1], flush=True)

    def heading(self, text):
        self.line("", "")
        self.line(text, "")

    def note(self, text):
        self.line("", text)

    def judge(self, verdict, text):
        self.counts[verdict] += 1
        self.line(verdict, text)

    def check(self, right, text):
        self.judge("ok" if right else "FAILED", text)

    # What the product does not do yet, with what is seen instead.
    def not_yet(self, text):
        self.judge("not yet", text)

    def summary(self):
        self.line("", "")
        self.line("", ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items()))

    def write(self, file):
        file.write_text("\n".join(self.lines) + "\n")
