"""What can be told of images and compose file without a container engine."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compose_file import FILE, ROOT, SECRETS, compose
from pydantic import BaseModel

DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = compose(SECRETS)["services"]
STAGES = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
EXACT = re.compile(r"^[a-z-]+:\d+\.\d+(\.\d+)?(-\w+)*$")


@pytest.mark.parametrize("secret", SECRETS)
def test_it_refuses_to_start_without_a_secret(secret: str) -> None:
    for value in ({}, {secret: ""}):
        with pytest.raises(ValueError, match=secret):
            compose({**{name: text for name, text in SECRETS.items() if name != secret}, **value})


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout of git")
def test_the_file_that_may_hold_the_secrets_is_none_of_the_repository() -> None:
    (named,) = re.findall(r"a file (docker/\S+);", FILE.read_text(encoding="utf-8"))
    assert subprocess.run(["git", "check-ignore", "--quiet", named], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_pinned_without_rights_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert EXACT.match(service["image"]), "a version, not what is newest"
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged") and service.get("network_mode") is None and service.get("user") != "root"
    assert ("user" in service) is (not service["image"].startswith("crosstag-")), "ours name theirs in the Dockerfile"
    assert ("healthcheck" in service) is (service["restart"] == "unless-stopped")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for other, wanted in service.get("depends_on", {}).items():
        watched = "healthcheck" in SERVICES[other]
        assert wanted["condition"] == ("service_healthy" if watched else "service_completed_successfully")


def test_what_is_named_is_there() -> None:
    whole = compose(SECRETS)
    for service in SERVICES.values():
        assert set(service.get("networks", ["default"])) <= set(whole["networks"])
        named = [volume.split(":")[0] for volume in service.get("volumes", [])]
        assert all(volume in whole["volumes"] or volume.startswith(".") for volume in named)
        if "build" in service:
            assert service["build"]["target"] in {stage for _, stage in STAGES}
            assert (ROOT / service["build"]["dockerfile"]).is_file() and service["build"]["context"] == ".."
    images = {service["image"] for service in SERVICES.values() if service["image"].startswith("crosstag-")}
    built = {service["image"] for service in SERVICES.values() if "build" in service}
    assert images == built, "each of our images is built by one of the services"


def test_the_database_and_its_messages_are_for_the_server_alone() -> None:
    networks = {name: service.get("networks", ["default"]) for name, service in SERVICES.items()}
    assert (
        networks["postgres"] == networks["redis"] == ["inside"] and compose(SECRETS)["networks"]["inside"]["internal"]
    )
    assert [name for name, each in networks.items() if "inside" in each] == ["postgres", "redis", "server"]
    for secret, holders in {
        "database-secret": ["postgres", "server"],
        "pages-secret": ["inspect"],
        "admin:a secret for tests": ["server", "deploy", "worker-cpu", "worker-gpu", "worker-many"],
    }.items():
        assert [name for name, each in SERVICES.items() if secret in str(each)] == holders
        assert not any(secret in str(each.get("command")) for each in SERVICES.values()), "commands are seen by all"


def test_one_worker_has_the_gpu_and_each_of_cpu_and_gpu_makes_one_run_at_a_time() -> None:
    reserved = [name for name, each in SERVICES.items() if "deploy" in each]
    assert reserved == ["worker-gpu"]
    (device,) = SERVICES["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    commands = {name: " ".join(each.get("command", [])) for name, each in SERVICES.items()}
    for pool in ("cpu", "gpu"):
        assert commands[f"worker-{pool}"] == f"crosstag worker --pool {pool} --limit 1 --with-healthcheck"
    assert "--limit" not in commands["worker-many"], "it waits for the others"
    assert SERVICES["worker-gpu"]["image"] != SERVICES["worker-cpu"]["image"]


def test_every_setting_is_one_that_prefect_knows() -> None:
    pytest.importorskip("prefect_redis", reason="needs the extra `server`")
    from prefect.settings.models.root import Settings
    from prefect_redis.client import RedisMessagingSettings

    known = set(_variables(Settings)) | set(_variables(RedisMessagingSettings))
    asked = {name for each in SERVICES.values() for name in each.get("environment", {}) if name.startswith("PREFECT_")}
    assert asked and asked - known == set()


def _variables(model: Any) -> Iterator[str]:
    """The variables that settings of Prefect's are read from, old names among them."""
    prefix = model.model_config.get("env_prefix", "PREFECT_")
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _variables(field.annotation)
        yield f"{prefix}{name}".upper()
        for alias in getattr(field.validation_alias, "choices", ()):
            if isinstance(alias, str):
                yield alias.upper()


def test_images_run_as_somebody_without_rights_and_are_built_from_exact_versions() -> None:
    bases = {stage: base for base, stage in STAGES}
    (python,) = re.findall(r"^ARG PYTHON=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert re.match(r"^python:3\.11\.\d+-slim-bookworm$", python)
    for base, _ in STAGES:
        assert base == "${PYTHON}" or base in bases
    runtime = DOCKERFILE.split("AS runtime")[1].split("\nFROM")[0]
    assert runtime.rstrip().endswith("USER crosstag") and "USER root" not in DOCKERFILE
    for target in ("cpu", "gpu", "server"):
        assert bases[target] == "runtime"
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE):
        *sources, _ = re.sub(r"--from=\S+ ", "", line).split()
        if (stage := re.match(r"--from=(\S+) ", line)) is None:
            assert all((ROOT / source).exists() for source in sources)
        else:
            assert stage[1] in bases


def test_dependencies_are_a_layer_that_a_change_of_our_code_leaves_alone() -> None:
    for stage in ("build", "build-cpu", "build-gpu", "build-server"):
        text = re.split(rf"AS {stage}\n", DOCKERFILE)[1].split("\nFROM")[0]
        assert not re.search(r"^COPY .*\b(flows|tasks|artifacts)\b", text, re.MULTILINE)


def test_the_images_need_what_the_package_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import runpy
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", ["requirements.py", "gpu"])
    runpy.run_path(str(Path("docker") / "requirements.py"))
    printed = capsys.readouterr().out.splitlines()
    assert printed == [*project["dependencies"], *project["optional-dependencies"]["gpu"]]
