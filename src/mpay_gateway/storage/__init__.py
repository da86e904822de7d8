"""Rows and the unit of work. Repositories take and return the domain's values, never rows."""

from sqlalchemy.exc import SQLAlchemyError as DatabaseTrouble

from mpay_gateway.storage.engine import create_engine
from mpay_gateway.storage.unit_of_work import UnitOfWork
from mpay_gateway.storage.work import Work

__all__ = ["DatabaseTrouble", "UnitOfWork", "Work", "create_engine"]
