"""The audit: does a predictor read its sentence, and does the data set give the answer away?"""

from lingseg.evaluation.audit.audit import About, Audit
from lingseg.evaluation.audit.audit_report import audit_as_json, audit_table, write_audit
from lingseg.evaluation.audit.auditing import ROWS, audit
from lingseg.evaluation.audit.callable_predictor import CallablePredictor
from lingseg.evaluation.audit.row import Figure, Plot, Row, Verdict

__all__ = [
    "ROWS",
    "About",
    "Audit",
    "CallablePredictor",
    "Figure",
    "Plot",
    "Row",
    "Verdict",
    "audit",
    "audit_as_json",
    "audit_table",
    "write_audit",
]
