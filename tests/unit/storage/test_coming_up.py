"""A server that is only on its way is told apart from one that refuses, and from a file."""

import pytest
from sqlalchemy.engine import make_url

from mpay_gateway.storage.coming_up import is_coming_up


def test_where_nobody_answers_one_may_be_on_the_way(tmp_path):
    assert is_coming_up(f"postgresql+psycopg://nobody@/none?host={tmp_path}")


def test_a_server_that_takes_connections_is_there(postgres_url):
    assert not is_coming_up(postgres_url())


def test_a_server_that_refuses_will_not_do_otherwise_for_being_waited_for(postgres_url):
    unknown = make_url(postgres_url()).set(database="no_such_database")
    assert not is_coming_up(unknown.render_as_string(hide_password=False))


@pytest.mark.parametrize("url", ["sqlite:////proc/no/such/folder/x.sqlite", "sqlite:///x.sqlite"])
def test_nobody_waits_for_a_file(url):
    assert not is_coming_up(url)
