"""The yearly report for the ministry and for funders, as a workbook and on paper, both of the same tables."""

from service.web.report.paper import on_paper
from service.web.report.workbook import workbook

__all__ = ["on_paper", "workbook"]
