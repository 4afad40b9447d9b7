"""Runs scenarios one after the other and prints one line of JSON for each: what it returned, or how it failed."""
import inspect
import json


def describe(error):
    # SQLAlchemy wraps the driver's error, and its own wrapper of asyncpg's.
    origin = getattr(error, "orig", None)
    if origin is not None:
        return {"wrapped in": type(error).__name__, **describe(origin.__cause__ or origin)}
    diag = getattr(error, "diag", None)
    if diag is not None:
        names = ("sqlstate", "severity", "message_primary", "message_detail", "statement_position", "table_name", "constraint_name")
        return {name: getattr(diag, name) for name in names}
    names = ("sqlstate", "severity", "message", "detail", "position", "table_name", "constraint_name")
    found = {name: getattr(error, name, None) for name in names}
    return {"kind": type(error).__name__, **{name: value for name, value in found.items() if value is not None}}


def show(scenario, result):
    print(json.dumps({"scenario": scenario, "result": result}, default=repr), flush=True)


def run(scenarios):
    for scenario, work in scenarios.items():
        try:
            result = work()
        except Exception as error:
            result = {"failure": describe(error)}
        show(scenario, result)


async def run_async(scenarios):
    for scenario, work in scenarios.items():
        try:
            result = await work()
        except Exception as error:
            result = {"failure": describe(error)}
        show(scenario, result)


def failure_of(work):
    try:
        work()
    except Exception as error:
        return describe(error)
    raise AssertionError("this should have failed")


async def async_failure_of(awaitable):
    try:
        await awaitable
    except Exception as error:
        return describe(error)
    raise AssertionError("this should have failed")
