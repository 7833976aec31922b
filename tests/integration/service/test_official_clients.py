"""The vendor's own Python clients, unmodified, pointed at our endpoint (wire 14).

They are tools of this test, not dependencies: where one cannot be imported its
tests are skipped, and fail under CI.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import warnings

import pytest

from .conftest import publish

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs are not ours to mend


def client_module(name: str):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{name} is not installed")


def host(service) -> str:
    return service.endpoint.removeprefix("http://")


@pytest.fixture
def vod(service):
    client_module("alibabacloud_vod20170321.client")
    from alibabacloud_tea_openapi.models import Config
    from alibabacloud_vod20170321.client import Client

    return Client(
        Config(
            access_key_id=service.admin.access_key_id,
            access_key_secret=service.admin.access_key_secret,
            endpoint=host(service),
            protocol="http",
        )
    )


def test_the_vod_client_reads_play_infos(service, vod):
    from alibabacloud_vod20170321 import models

    [stream] = publish(service)
    body = vod.get_play_info(
        models.GetPlayInfoRequest(video_id=stream.video_id, formats="m3u8")
    ).body
    [info] = body.play_info_list.play_info
    assert info.job_id == stream.job_id
    assert (info.encrypt, info.size, info.duration) == (1, 8192, "20.0000")
    assert body.video_base.video_id == stream.video_id
    assert service.http("GET", info.play_url).status == 200
    auth = vod.get_video_play_auth(
        models.GetVideoPlayAuthRequest(video_id=stream.video_id, auth_info_timeout=200)
    ).body
    assert auth.video_meta.title == "Film"
    members = json.loads(base64.b64decode(auth.play_auth))
    assert members["SecurityToken"]


def test_the_vod_client_manages_videos(service, vod):
    from alibabacloud_vod20170321 import models

    created = vod.create_upload_video(
        models.CreateUploadVideoRequest(title="Ünïcode & Co", file_name="a b.MP4", tags="x,y")
    ).body
    assert len(created.video_id) == 32
    info = vod.get_video_info(models.GetVideoInfoRequest(video_id=created.video_id)).body.video
    assert (info.title, info.status, info.tags) == ("Ünïcode & Co", "Uploading", "x,y")
    listed = vod.get_video_list(models.GetVideoListRequest(page_size=5)).body
    assert (listed.total, listed.video_list.video[0].video_id) == (1, created.video_id)
    vod.refresh_upload_video(models.RefreshUploadVideoRequest(video_id=created.video_id))
    gone = vod.delete_video(models.DeleteVideoRequest(video_ids=created.video_id)).body
    assert gone.non_exist_video_ids == []
    with pytest.raises(Exception, match="does not exist") as caught:
        vod.get_video_info(models.GetVideoInfoRequest(video_id=created.video_id))
    assert caught.value.code == "InvalidVideo.NotFound"


def test_the_vod_client_makes_a_key_file(service, vod):
    from alibabacloud_vod20170321 import models

    service.set("download-mode", "secure")
    body = vod.generate_download_secret_key(
        models.GenerateDownloadSecretKeyRequest(
            app_identification="com.example.player", app_decrypt_key="Abcdefgh12345678"
        )
    ).body
    assert base64.b64decode(body.app_encrypt_key).startswith(b"\x89VSE")


def test_the_vod_client_reads_transcode_tasks(service, vod):
    from alibabacloud_vod20170321 import models

    upload = service.create_video()
    service.put(upload, b"bytes")
    tasks = vod.list_transcode_task(
        models.ListTranscodeTaskRequest(video_id=upload.video_id)
    ).body.transcode_task_list
    assert (tasks[0].task_status, tasks[0].trigger) == ("Processing", "Auto")
    task = vod.get_transcode_task(
        models.GetTranscodeTaskRequest(transcode_task_id=tasks[0].transcode_task_id)
    ).body.transcode_task
    assert task.video_id == upload.video_id


def test_the_sts_client_gets_a_session(service):
    client_module("alibabacloud_sts20150401.client")
    from alibabacloud_sts20150401 import models
    from alibabacloud_sts20150401.client import Client
    from alibabacloud_tea_openapi.models import Config
    from alibabacloud_vod20170321 import models as vod_models
    from alibabacloud_vod20170321.client import Client as VodClient

    [stream] = publish(service)
    config = Config(
        access_key_id=service.admin.access_key_id,
        access_key_secret=service.admin.access_key_secret,
        endpoint=host(service),
        protocol="http",
        signature_algorithm="v2",
    )
    request = models.AssumeRoleRequest(
        role_arn="acs:ram::1000000000000000:role/player",
        role_session_name="tester",
        duration_seconds=900,
    )
    credentials = Client(config).assume_role(request).body.credentials
    client = VodClient(
        Config(
            access_key_id=credentials.access_key_id,
            access_key_secret=credentials.access_key_secret,
            security_token=credentials.security_token,
            endpoint=host(service),
            protocol="http",
        )
    )
    info = client.get_play_info(vod_models.GetPlayInfoRequest(video_id=stream.video_id)).body
    assert info.play_info_list.play_info[0].job_id == stream.job_id


def test_the_older_core_client(service):
    client_module("aliyunsdkcore.client")
    module = client_module("aliyunsdkvod.request.v20170321.GetPlayInfoRequest")
    from aliyunsdkcore.acs_exception.exceptions import ServerException
    from aliyunsdkcore.client import AcsClient

    [stream] = publish(service)

    def ask(secret, video_id):
        client = AcsClient(service.admin.access_key_id, secret, "cn-shanghai")
        request = module.GetPlayInfoRequest()
        request.set_VideoId(video_id)
        request.set_endpoint(host(service))
        request.set_accept_format("JSON")
        return json.loads(client.do_action_with_exception(request))

    secret = service.admin.access_key_secret
    assert ask(secret, stream.video_id)["PlayInfoList"]["PlayInfo"][0]["JobId"] == stream.job_id
    with pytest.raises(ServerException) as caught:
        ask(secret, "0" * 32)
    assert caught.value.get_error_code() == "InvalidVideo.NotFound"
    assert caught.value.get_http_status() == 404
    with pytest.raises(ServerException) as caught:
        ask("wrong", stream.video_id)  # it compares our string with its own
    assert caught.value.get_error_code() == "InvalidAccessKeySecret"


def bucket_of(service, upload):
    oss2 = client_module("oss2")
    auth = oss2.StsAuth(
        upload.auth["AccessKeyId"], upload.auth["AccessKeySecret"], upload.auth["SecurityToken"]
    )
    return oss2, oss2.Bucket(auth, upload.address["Endpoint"], upload.address["Bucket"])


def test_oss2_uploads_a_file(service):
    upload = service.create_video()
    _, bucket = bucket_of(service, upload)
    body = os.urandom(300_000)
    result = bucket.put_object(upload.address["FileName"], body)
    assert result.status == 200
    info = service.ok("GetVideoInfo", VideoId=upload.video_id)["Video"]
    assert (info["Status"], info["Size"]) == ("UploadSucc", len(body))


def test_oss2_resumes_a_multipart_upload(service, tmp_path):
    upload = service.create_video()
    oss2, bucket = bucket_of(service, upload)
    body = os.urandom(1_000_000)
    file = tmp_path / "film.mp4"
    file.write_bytes(body)
    key = upload.address["FileName"]
    oss2.resumable_upload(
        bucket,
        key,
        str(file),
        store=oss2.ResumableStore(root=str(tmp_path / "store")),
        multipart_threshold=100_000,
        part_size=200_000,
        num_threads=2,
    )
    assert service.ok("GetVideoInfo", VideoId=upload.video_id)["Video"]["Size"] == len(body)


def test_oss2_understands_a_refusal(service):
    upload = service.create_video()
    oss2, bucket = bucket_of(service, upload)
    with pytest.raises(oss2.exceptions.AccessDenied) as caught:
        bucket.put_object("sv/other.mp4", b"x")
    assert caught.value.code == "AccessDenied"
    bucket.put_object(upload.address["FileName"], b"x")
    parts = upload.address["FileName"]
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.put_object(parts, b"x")
    assert caught.value.status == 409
