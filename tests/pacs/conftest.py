"""What the tests of validity and of a real archive need: programs of Debian's."""

import base64
import csv
import json
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import urllib3
from needed import need
from PIL import Image as PillowImage

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
USER, PASSWORD = "lingseg", "s3cret"
SECONDS_TO_START = 120
BESIDE_THE_CHECKOUT = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def dciodvfy():
    """The errors that dciodvfy finds in a DICOM file."""
    program = shutil.which("dciodvfy")
    need(program is not None, "dciodvfy", "apt-get install dicom3tools")

    def errors(path):
        said = subprocess.run(
            [program, str(path)],
            check=False,  # it fails where the object does
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
        )
        lines = (said.stdout + said.stderr).splitlines()
        assert any(line and not line.startswith(("Warning", "Error")) for line in lines), lines
        return [line for line in lines if line.startswith("Error")]

    return errors


@pytest.fixture(scope="session")
def dcmqi_program():
    """The path of one of dcmqi's programs."""

    def find(name):
        found = shutil.which(name)
        need(found is not None, name, "pip install dcmqi")
        return found

    return find


@pytest.fixture(scope="session")
def livers():
    """Neighbouring slices of a real abdomen, and the liver in each."""
    folder = Path(os.environ.get("LINGSEG_DATA") or BESIDE_THE_CHECKOUT) / "chaos_mr"
    if not (folder / "val.csv").is_file():
        pytest.skip("chaos_mr is not there; LINGSEG_DATA names the folder of the data sets")
    with (folder / "val.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["label"] == "liver"][8:11]
    pictures, masks = (
        [np.asarray(PillowImage.open(folder / row[column]).convert("L")) for row in rows]
        for column in ("image", "mask")
    )
    return pictures, np.stack(masks) > 127


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc."""

    port: int
    log: Path

    @property
    def root(self):
        return f"dicomweb+http://127.0.0.1:{self.port}/dicom-web"

    def ask(self, method, path, body=None, accept="application/dicom+json"):
        """Ask for what is needed to arrange and to look; status and body."""
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        answer = urllib3.request(
            method,
            f"http://127.0.0.1:{self.port}{path}",
            body=body,
            headers={"Authorization": f"Basic {pair}", "Accept": accept},
            timeout=30,
            retries=False,
        )
        return answer.status, answer.data

    def upload(self, content):
        status, _ = self.ask("POST", "/instances", content, "application/json")
        assert status == 200

    def search(self, path):
        """What QIDO-RS finds, one plain dictionary an entry."""
        status, body = self.ask("GET", f"/dicom-web{path}")
        assert status == 200, body
        return [
            {tag: element.get("Value", [None])[0] for tag, element in entry.items()}
            for entry in json.loads(body)
        ]


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory):
    """Debian's Orthanc with its DICOMweb plugin, on loopback and with empty shelves."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    is_there = program is not None and PLUGIN.exists()
    need(is_there, "Orthanc", "apt-get install orthanc orthanc-dicomweb")
    folder = tmp_path_factory.mktemp("orthanc")
    running = Orthanc(port=_free_port(), log=folder / "log")
    (folder / "orthanc.json").write_text(json.dumps(_settings(folder, running.port)))
    with running.log.open("wb") as log:
        process = subprocess.Popen([program, folder / "orthanc.json"], stdout=log, stderr=log)
    try:
        _wait_for(running, process)
        yield running
    finally:
        process.terminate()
        process.wait(30)


def _settings(folder, port):
    return {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        "LoadPrivateDictionary": False,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }


def _free_port():
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def _wait_for(running, process):
    ends = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < ends:
        assert process.poll() is None, running.log.read_text(errors="replace")
        try:
            status, _ = running.ask("GET", "/system", accept="application/json")
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
        else:
            assert status == 200
            return
    pytest.fail(f"Orthanc did not start: {running.log.read_text(errors='replace')}")
