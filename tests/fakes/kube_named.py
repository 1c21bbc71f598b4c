"""A kubeconfig file that names one cluster of the strict server, as its administrator has it."""

import json
from pathlib import Path

from tests.fakes.kube import Server

CONTEXT = "strict"


def kubeconfig_of(server: Server, folder: Path, cluster: str = "named") -> Path:
    """Makes the cluster and the file (JSON is YAML); returns its path."""
    server.create_cluster(cluster)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster,
                "cluster": {
                    "server": server.cluster_url(cluster),
                    "certificate-authority-data": server.ca_data,
                },
            }
        ],
        "users": [{"name": "admin", "user": {"token": "admin"}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": cluster, "user": "admin"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    return path
