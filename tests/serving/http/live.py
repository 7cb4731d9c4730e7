"""The real server in a thread, on a free port."""

import socket
import threading
import time
from contextlib import contextmanager

from regulars.serving.server import server


@contextmanager
def listening(app):
    """Serves an app; its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    running = server(app, "127.0.0.1", port)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not running.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.should_exit = True
        thread.join(15)
        listener.close()
