"""tests/gpu/gpucheck calls this."""

import sys
import traceback

from gpucheck_checks import SECTIONS, Gpucheck
from report import Report


def main():
    report = Report()
    check = Gpucheck()
    for title, section in SECTIONS:
        report.heading(title)
        try:
            section(report, check)
        except Exception:  # one broken section must not hide the others
            report.check(False, traceback.format_exc())
    report.summary()
    return 1 if report.counts["FAILED"] else 0


sys.exit(main())
