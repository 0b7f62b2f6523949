"""Jobs of the queue libraries that Debian has, put into a server by them, and
what these libraries say of them."""

import contextlib
import datetime
import os

import celery
import rq


def succeed():
    return os.getpid()


def fail():
    raise ValueError("on purpose")


def fill_rq(server):
    """A queue with a job in each state but active; its counts."""
    client = server.client()
    queue = rq.Queue("high", connection=client)
    queue.enqueue(succeed)
    queue.enqueue(fail)
    rq.SimpleWorker([queue], connection=client).work(burst=True,
                                                     logging_level="CRITICAL")
    first = queue.enqueue(succeed)
    queue.enqueue(succeed)
    queue.enqueue(succeed, depends_on=first)
    queue.enqueue(succeed).cancel()
    queue.enqueue_in(datetime.timedelta(hours=1), succeed)
    return {"waiting": len(queue),
            "failed": queue.failed_job_registry.count,
            "completed": queue.finished_job_registry.count,
            "deferred": queue.deferred_job_registry.count,
            "delayed": queue.scheduled_job_registry.count,
            "canceled": queue.canceled_job_registry.count,
            "active": queue.started_job_registry.count}


def celery_app(server):
    app = celery.Celery("scenario", broker=f"redis+socket://{server.socket}")
    app.conf.task_routes = {"feed": {"queue": "feeds"}}
    return app


@contextlib.contextmanager
def held_by_celery(server):
    """Two queues, with priorities; one job is taken, and not acknowledged until
    the end. Their jobs."""
    app = celery_app(server)
    for priority in (0, 0, 3, 6, 9):
        app.send_task("mail", priority=priority)
    app.send_task("feed")
    with app.connection() as connection:
        assert connection.default_channel.basic_get("feeds") is not None
        app.send_task("feed")
        assert server.client().hlen("unacked") == 1
        yield {"celery": 5, "feeds": 1, "*": 1}
