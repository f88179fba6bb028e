"""The annotation server's door: what the plugins of 3D Slicer and OHIF ask of MONAI Label.

Written from the requests of its client (Apache-2.0), none of whose code is here. The sentence is a
parameter of `infer`. There is nothing to train, so no trainers are told.
"""

import json
import secrets
import time
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

import lingseg
from lingseg.prediction.result import RESEARCH_USE
from lingseg.web.exporting import Made
from lingseg.web.forms import files_of, form_of, takes_files, text_of
from lingseg.web.held_image import HeldImage, Label
from lingseg.web.image_routes import as_nifti, take_in
from lingseg.web.labelling import LabelFile, draw_label, params_of
from lingseg.web.pile import File
from lingseg.web.problem import Problem, bad_request
from lingseg.web.service import Service, TheService

router = APIRouter(tags=["MONAI Label"])

Name = Annotated[str, Query(max_length=200)]
_LABEL = "described"
_MAX_LABELS = 8
_STRATEGIES = ("random", "first")
"""Its clients ask for "random" if nobody chose."""
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The file."}
}


@router.get("/info/")
async def info(service: TheService) -> dict[str, object]:
    """Tell what there is: one model, which takes a sentence."""
    model = service.model
    about = {
        "type": "segmentation",
        "labels": {_LABEL: 1},
        "dimension": 3,
        "description": f"Draws what params['sentence'] describes. {RESEARCH_USE}",
        "config": {
            "sentence": "tumor",
            "side": ["image", "patient"] if model.side == "image" else ["patient", "image"],
            "threshold": model.threshold,
        },
    }
    return {
        "name": "lingseg",
        "description": f"Segments what a sentence describes. {RESEARCH_USE}",
        "version": lingseg.__version__,
        "labels": [_LABEL],
        "models": {model.name: about},
        "trainers": {},
        "strategies": {
            name: {"description": f"{name.capitalize()}: an image without a saved label."}
            for name in _STRATEGIES
        },
        "scoring": {},
        "train_stats": {},
        "datastore": _stats(service),
    }


@router.post(
    "/infer/{model}",
    response_class=Response,
    responses=_FILE,
    openapi_extra=takes_files("params", params="text", file="file"),
)
async def infer(
    model: str,
    request: Request,
    service: TheService,
    image: Name = "",
    session_id: Name = "",
    output: Literal["image", "json", "all", "dicom_seg"] = "all",
) -> Response:
    """Draw what `params["sentence"]` describes in an image, a session's or one that comes along."""
    if model != service.model.name:
        raise Problem(404, "unknown-path", f"There is one model: {service.model.name}.")
    async with form_of(request, service.limits) as form:
        params = params_of(text_of(form, "params"))
        files = await files_of(form, "file") if "file" in form else []
    held = await _image_of(request, service, session_id or image, files)
    job = partial(draw_label, service, held, params, output)
    made = await service.work.do(job, request)
    return _as_response(made, output)


async def _image_of(request: Request, service: Service, name: str, files: list[File]) -> HeldImage:
    """Return the image that is meant.

    Raises:
        Problem: There is none.
    """
    if not files and not name:
        raise bad_request("Neither an image, a session nor a file was given.")
    if not files:
        return service.images.find(name)
    uploaded = await service.work.do(partial(take_in, service, files), request)
    return service.images.get(uploaded.images[0].id)


def _as_response(made: LabelFile, output: str) -> Response:
    """Return the parameters, the file, or both as a form."""
    told = json.dumps(made.told, ensure_ascii=False).encode()
    if output == "json":
        return Response(told, media_type="application/json")
    if output != "all":
        return made.response()
    boundary = secrets.token_hex(16)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="params"\r\n'
    middle = (
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="image"; '
        f'filename="{made.name}"\r\nContent-Type: {made.kind}\r\n\r\n'
    )
    parts = [
        f"{head}Content-Type: application/json\r\n\r\n".encode(), told, middle.encode(), made.data,
        f"\r\n--{boundary}--\r\n".encode(),
    ]  # fmt: skip
    return Response(b"".join(parts), media_type=f"multipart/form-data; boundary={boundary}")


@router.put("/session/", openapi_extra=takes_files("files", files="files"))
async def open_session(request: Request, service: TheService) -> dict[str, object]:
    """Take an image in for one sitting; the session's id is the image's."""
    async with form_of(request, service.limits) as form:
        files = await files_of(form, "files")
    uploaded = await service.work.do(partial(take_in, service, files), request)
    image = service.images.get(uploaded.images[0].id)
    return {"session_id": image.id, "session_info": _session(service, image)}


@router.get("/session/{session_id}")
async def tell_session(session_id: str, service: TheService) -> dict[str, object]:
    """Tell of a session."""
    return _session(service, service.images.get(session_id))


@router.delete("/session/{session_id}")
async def close_session(session_id: str, service: TheService) -> dict[str, object]:
    """Forget a session's image."""
    image = service.images.get(session_id)
    service.images.remove(session_id)
    service.sweep()
    return _session(service, image)


def _session(service: Service, image: HeldImage) -> dict[str, object]:
    """Return what is told of a session; there is no path to tell."""
    now = int(time.time())
    return {
        "name": image.id, "path": "", "image": image.id, "meta": {}, "create_ts": now,
        "last_access_ts": now, "expiry": service.images.expires_in(image),
    }  # fmt: skip


@router.get("/datastore/")
async def datastore(service: TheService, output: Literal["all", "train", "stats"] = "stats") -> Any:  # noqa: ANN401 (a list or an object, as the client has it)
    """Tell of the images that came in by this door."""
    if output == "train":
        return []
    if output == "stats":
        return _stats(service)
    objects = {
        str(image.alias): {
            "image": {"ext": ".nii.gz", "info": {"name": f"{image.alias}.nii.gz"}},
            "labels": {
                tag: {"ext": "".join(PurePosixPath(label.name).suffixes), "info": label.info}
                for tag, label in image.labels.items()
            },
        }
        for image in service.images.labelled()
    }
    return {"name": "lingseg", "description": RESEARCH_USE, "objects": objects}


def _stats(service: Service) -> dict[str, object]:
    """Return how many images there are, and how many have a saved label."""
    held = service.images.labelled()
    tags: dict[str, int] = {}
    for tag in (tag for image in held for tag in image.labels):
        tags[tag] = tags.get(tag, 0) + 1
    completed = sum(bool(image.labels) for image in held)
    return {"total": len(held), "completed": completed, "label_tags": tags, "train": []}


@router.put("/datastore/", openapi_extra=takes_files("file", file="file", params="text"))
@router.put(
    "/datastore/image",
    openapi_extra=takes_files("file", file="file", params="text"),
    include_in_schema=False,
)
async def add_image(request: Request, service: TheService, image: Name = "") -> dict[str, str]:
    """Take an image in under a name of the client's."""
    async with form_of(request, service.limits) as form:
        files = await files_of(form, "file")
    alias = image or files[0].name.partition(".")[0]
    await service.work.do(partial(take_in, service, files, alias=alias), request)
    return {"image": alias}


@router.delete("/datastore/")
@router.delete("/datastore/image", include_in_schema=False)
async def remove_image(service: TheService, id: Name) -> dict[str, str]:  # noqa: A002
    """Forget an image."""
    service.images.remove(service.images.find(id).id)
    service.sweep()
    return {}


@router.get("/datastore/image", response_class=Response, responses=_FILE)
async def give_image(request: Request, service: TheService, image: Name) -> Response:
    """Give an image as NIfTI."""
    held = service.images.find(image)
    nifti = await service.work.do(partial(as_nifti, service, held), request)
    return Made(name="image.nii.gz", data=nifti).response()


@router.head("/datastore/image", include_in_schema=False)
async def has_image(service: TheService, image: Name) -> Response:
    """Tell whether an image is held."""
    service.images.find(image)
    return Response()


@router.get("/datastore/image/info")
async def image_info(service: TheService, image: Name) -> dict[str, object]:
    """Tell of an image."""
    held = service.images.find(image)
    return {"name": f"{held.alias or held.id}.nii.gz", "slices": held.num_slices}


@router.put("/datastore/label", openapi_extra=takes_files("label", label="file", params="text"))
async def save_label(
    request: Request, service: TheService, image: Name, tag: Name = "final"
) -> dict[str, str]:
    """Keep a mask that a person corrected, beside its image and for as long."""
    held = service.images.find(image)
    async with form_of(request, service.limits) as form:
        (file, *_) = await files_of(form, "label")
        info = _info_of(text_of(form, "params"))
    if tag not in held.labels and len(held.labels) >= _MAX_LABELS:
        raise Problem(422, "too-many", f"An image has at most {_MAX_LABELS} labels.")
    service.images.grow(held, len(file.data))
    held.labels[tag] = Label(name=file.name, data=file.data, info={"params": info})
    return {"image": image, "label": image}


def _info_of(params: str | None) -> object:
    """Read what a client says of a label.

    Raises:
        Problem: It is no JSON.
    """
    try:
        return json.loads(params or "{}")
    except (ValueError, RecursionError) as error:
        raise bad_request("params: no JSON.") from error


@router.get("/datastore/label", response_class=Response, responses=_FILE)
async def give_label(service: TheService, label: Name, tag: Name = "final") -> Response:
    """Give a mask that was kept."""
    kept = service.images.find(label).labels.get(tag)
    if kept is None:
        raise Problem(404, "unknown-image", "There is no label of this image with this tag.")
    suffix = "".join(PurePosixPath(kept.name).suffixes[-2:])
    suffix = (
        "".join(one for one in suffix if one.isalnum() or one == ".") if suffix.isascii() else ""
    )
    named = {"Content-Disposition": f'attachment; filename="label{suffix}"'}
    return Response(kept.data, media_type="application/octet-stream", headers=named)


@router.post("/activelearning/{strategy}")
async def next_sample(strategy: str, service: TheService) -> dict[str, object]:
    """Tell which image to look at next: the first without a saved label, or any of those."""
    if strategy not in _STRATEGIES:
        known = " and ".join(_STRATEGIES)
        raise Problem(404, "unknown-path", f"There are the strategies {known}.")
    images = [image for image in service.images.labelled() if not image.labels]
    if not images:
        return {}
    image = images[0] if strategy == "first" else secrets.choice(images)
    return {"id": image.alias, "weight": 1, "path": "", "name": f"{image.alias}.nii.gz"}


@router.get("/auth/")
async def tell_auth(request: Request) -> dict[str, bool]:
    """Tell whether a key is needed."""
    return {"enabled": request.app.state.door.key is not None}


@router.post(
    "/auth/token",
    openapi_extra={
        "requestBody": {
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "properties": {"password": {"type": "string"}},
                    }
                }
            }
        }
    },
)
async def give_token(request: Request) -> dict[str, str]:
    """Take the server's key as a password, whoever says it, and give it back as a token."""
    async with request.form(max_files=0, max_fields=10) as form:
        said = text_of(form, "password") or ""
    if not request.app.state.door.opens_to(f"Bearer {said}"):
        raise Problem(401, "key-needed", "This is not the server's key.")
    return {"access_token": said, "token_type": "bearer"}


@router.get("/auth/token/valid")
async def is_token_valid() -> dict[str, bool]:
    """Tell a client that it has the key: without it, it would not have come this far."""
    return {"valid": True}
