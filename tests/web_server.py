"""Our server for tests: the application with a model that can be foretold, and a real one."""

import io
import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from fake_bundle import write_fake_bundle
from PIL import Image as PillowImage
from starlette.testclient import TestClient

from lingseg.prediction import Model, read_bundle
from lingseg.web import Limits, create_app
from lingseg.web.server import listen, make_server

HERE = "http://127.0.0.1:8000"


def fake_model(folder: Path, **changes: object) -> Model:
    """A model that draws what is bright, with changes of its manifest; see `fake_bundle`."""
    path = write_fake_bundle(folder / "fake.lingseg", **changes)
    model = Model(read_bundle(path), threads=1)
    model.path = path  # for tests that give it to a command
    return model


def client_of(model, *, limits=None, door=None, **options):
    """A client of an application in this process."""
    app = create_app(model, card="# fake", limits=limits, door=door)
    return TestClient(app, base_url=HERE, **options)


def png(pixels) -> bytes:
    """Pixels as the bytes of a PNG."""
    stream = io.BytesIO()
    PillowImage.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def two_squares(height=40, width=60):
    """A grey picture with a bright square in each half."""
    pixels = np.zeros((height, width), dtype=np.uint8)
    pixels[5:15, 5:20] = 255
    pixels[20:35, 40:55] = 255
    return pixels


def upload(client, data=None, name="a.png", **options):
    """Upload one file and return what is told of its first image."""
    data = png(two_squares()) if data is None else data
    answer = client.post("/v1/images", files=[("files", (name, data))], **options)
    assert answer.status_code == 201, answer.text
    return answer.json()["images"][0]


def segment(client, image, *texts, **more):
    """Ask sentences of an image."""
    body = {"image": image, "sentences": [{"text": text} for text in texts], **more}
    return client.post("/v1/segment", json=body)


def decoded(runs):
    """A mask from run lengths, written apart from the code under test."""
    height, width = runs["size"]
    flat = []
    for number, count in enumerate(runs["counts"]):
        flat += [number % 2 == 1] * count
    return np.array(flat, dtype=bool).reshape(width, height).T


@contextmanager
def running(model, *, limits=None, door=None):
    """A real server on a free port of loopback; yields its port."""
    limits = limits or Limits()
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    started = threading.Event()
    app = create_app(model, card="# fake", limits=limits, door=door)
    server = make_server(app, limits, started=started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def talk(port, *pieces, seconds=5.0):
    """Send bytes as they are and return all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        for piece in pieces:
            connection.sendall(piece)
        received = b""
        with suppress(ConnectionResetError):
            while chunk := connection.recv(65_536):
                received += chunk
    return received
