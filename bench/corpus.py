"""Make a fleet of many manifests, each about as long as a real one."""

from __future__ import annotations

import json
from pathlib import Path

PROJECT = "team-a"

_FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: bench, id: 0123456789abcdef}
manifests: [manifests]
vars: [RUNAI_BASE_URL]
targets:
  bench:
    provider: runai
    url: "${{ vars.RUNAI_BASE_URL }}"
    auth: {clientId: "${{ vars.RUNAI_CLIENT_ID }}", clientSecret: "${{ secrets.RUNAI_CLIENT_SECRET }}"}
    scope: {projects: [team-a]}
guard:
  maxCreate: {count: 100000, percent: 100}
health: {hold: 0s, logTail: 0}
"""

_MANIFEST = """\
apiVersion: runai/v1
kind: Workspace
metadata:
  name: bench-{n:05d}
  project: {project}
  labels: {{team: bench, batch: "{batch}"}}
spec:
  image: ghcr.io/example/forecaster:v1.{n}
  command: python
  args: train.py --config configs/{n:05d}.yaml --epochs 20 --seed {n}
  workingDir: /workspace
  imagePullPolicy: IfNotPresent
  priorityClass: low
  preemptibility: preemptible
  compute:
    cpuCoreRequest: 0.5
    cpuCoreLimit: 2
    cpuMemoryRequest: 512Mi
    cpuMemoryLimit: 2Gi
    largeShmRequest: true
  environmentVariables:
{environment}
  labels:
    - {{name: team, value: bench}}
    - {{name: batch, value: "batch-{batch}"}}
  annotations:
    - {{name: example.com/owner, value: platform}}
  ports:
    - {{container: 8080, serviceType: ClusterIP}}
  storage:
    emptyDirVolume:
      - {{name: scratch, path: /scratch, sizeLimit: 1Gi}}
lifecycle:
  onImmutableChange: Refuse
"""


def write_fleet(folder: Path, count: int) -> Path:
    """Write a fleet file and `count` manifests, one per file, and give the folder."""
    manifests = folder / "manifests"
    manifests.mkdir(parents=True)
    (folder / "reconciler.yaml").write_text(_FLEET)
    for n in range(count):
        (manifests / f"bench-{n:05d}.yaml").write_text(_manifest(n))
    return folder


def _manifest(n: int) -> str:
    items = [{"name": f"SETTING_{i:02d}", "value": f"value-{n}-{i}"} for i in range(8)]
    environment = "\n".join(f"    - {json.dumps(item)}" for item in items)
    return _MANIFEST.format(n=n, project=PROJECT, batch=n // 100, environment=environment)
