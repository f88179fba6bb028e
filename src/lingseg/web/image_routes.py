"""Pictures in, pictures out, pictures gone."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from lingseg.imaging import UnreadableImage, Volume
from lingseg.imaging.volume import as_volume
from lingseg.web.forms import files_of, form_of, takes_files
from lingseg.web.held_image import HeldImage
from lingseg.web.image_info import info_of
from lingseg.web.messages import FileProblem, ImageInfo, Uploaded
from lingseg.web.pile import File, sort_pile
from lingseg.web.png import Scale, picture_as_png
from lingseg.web.problem import Problem, unreadable
from lingseg.web.service import Service, TheService
from lingseg.web.work import Stop

router = APIRouter(tags=["images"])

AnImageId = Annotated[str, Path(alias="image_id", max_length=64)]
PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "PNG."}}


@router.post("/v1/images", status_code=201, openapi_extra=takes_files("files", files="files"))
async def upload(request: Request, service: TheService) -> Uploaded:
    """Take files in: pictures, archives, and series, whose DICOM files become one volume."""
    async with form_of(request, service.limits) as form:
        files = await files_of(form, "files", "file")
    return await service.work.do(partial(take_in, service, files), request)


def take_in(
    service: Service, files: list[File], stop: Stop, *, alias: str | None = None
) -> Uploaded:
    """Hold what an upload holds.

    Raises:
        Problem: There is nothing in it that can be read, or no room.
    """
    whole = sort_pile(files, service.limits.held_bytes, stop)
    problems = [FileProblem(name=one.name, problem=one.problem) for one in whole.refused]
    if not whole.found:
        raise unreadable(problems[0].problem if problems else "Nothing that can be read came.")
    if len(whole.found) > service.limits.images:
        raise Problem(
            413,
            "too-many",
            f"{len(whole.found)} pictures came; at most {service.limits.images} are held at once. "
            f"Use lingseg predict for whole folders.",
        )
    held = [service.images.put(found, alias=alias) for found in whole.found]
    return Uploaded(images=[info_of(service, one) for one in held], problems=problems)


@router.get("/v1/images/{image_id}")
async def describe(image_id: AnImageId, service: TheService, request: Request) -> ImageInfo:
    """Tell of an image that is held; its time begins anew."""
    image = service.images.get(image_id)
    return await service.work.do(lambda _: info_of(service, image), request)


@router.delete("/v1/images/{image_id}", status_code=204)
async def forget(image_id: AnImageId, service: TheService) -> None:
    """Forget an image and all that was made of it."""
    service.images.remove(image_id)
    service.sweep()


@router.get("/v1/images/{image_id}/pixels", response_class=Response, responses=PNG)
async def pixels(
    image_id: AnImageId,
    service: TheService,
    request: Request,
    number: Annotated[int, Query(alias="slice", ge=0)] = 0,
) -> Response:
    """Give a slice as PNG, on the grid of the masks; 16 bits where the source has more than 8.

    The header X-Lingseg-Scale has two numbers: value = first + second * what is stored.
    """
    image = service.images.get(image_id)
    png, scale = await service.work.do(partial(_shown, image, number), request)
    headers = {"X-Lingseg-Scale": f"{scale[0]!r} {scale[1]!r}"}
    return Response(png, media_type="image/png", headers=headers)


def _shown(image: HeldImage, number: int, stop: Stop) -> tuple[bytes, Scale]:
    """Return a slice as PNG, and what its values stand for."""
    stop.check()
    return picture_as_png(image.slice(number))


@router.get(
    "/v1/images/{image_id}/volume.nii.gz",
    response_class=Response,
    responses={200: {"content": {"application/gzip": {}}, "description": "NIfTI."}},
)
async def volume(image_id: AnImageId, service: TheService, request: Request) -> Response:
    """Give the volume, or a picture as one slice, as NIfTI: voxels are (column, row, slice)."""
    image = service.images.get(image_id)
    nifti = await service.work.do(partial(as_nifti, service, image), request)
    return Response(nifti, media_type="application/gzip")


def as_nifti(service: Service, image: HeldImage, stop: Stop) -> bytes:
    """Return an image as the bytes of a NIfTI file.

    Raises:
        Problem: A slice cannot be decoded, or the time is over.
    """
    from lingseg.imaging.nifti_writing import write_nifti_volume

    content = image.content
    shown = content if isinstance(content, Volume) else as_volume(content)
    with service.workspace.folder() as folder:
        path = folder / "volume.nii.gz"
        try:
            write_nifti_volume(path, shown, progress=lambda _: stop.check())
        except UnreadableImage as error:
            raise unreadable(str(error)) from error
        return path.read_bytes()
