"""Submits a job to a coordinator and follows it to its end.

Usage: python submit.py ADDRESS DATA TEACHER OUT, with the folder of the generated stubs on PYTHONPATH; see docs/clients.md.
"""

import os
import sys
import uuid

import grpc
from google.protobuf import json_format
from simreg.v1 import job_pb2, jobs_pb2, jobs_pb2_grpc, progress_pb2


def channel(address):
    """A channel; with SIMREG_CA TLS by that certificate, with SIMREG_TOKEN the token of every call."""
    ca, token = os.environ.get("SIMREG_CA"), os.environ.get("SIMREG_TOKEN")
    if not ca:
        return grpc.insecure_channel(address)
    with open(ca, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    if token:
        credentials = grpc.composite_channel_credentials(
            credentials, grpc.access_token_call_credentials(token)
        )
    return grpc.secure_channel(address, credentials)


def main(address, data, teacher, out):
    # The same keys as in job.yaml, in JSON; what is absent takes its default.
    job = json_format.ParseDict(
        {
            "dataset": {"path": [data], "limitClasses": 2},
            "teachers": [{"source": teacher}],
            "views": {"size": 32},
            "optimization": {"batch": 8, "maxSteps": 2},
            "evaluation": {"everyEpochs": 0},
            "checkpoints": {"output": out},
        },
        job_pb2.Job(),
    )
    jobs = jobs_pb2_grpc.JobsStub(channel(address))
    try:
        # A request id makes the submit safe to repeat: the same id is the same job.
        status = jobs.Submit(jobs_pb2.SubmitRequest(request_id=str(uuid.uuid4()), job=job))
        print("submitted", status.id)
        for event in jobs.Watch(jobs_pb2.WatchRequest(id=status.id)):
            print(event.sequence, event.progress.WhichOneof("event"))
        status = jobs.Get(jobs_pb2.JobRequest(id=status.id))
        print(progress_pb2.JobState.Name(status.state), status.reason, status.sha256)
        return 0 if status.state == progress_pb2.SUCCEEDED else 1
    except grpc.RpcError as error:
        # INVALID_ARGUMENT lists every wrong setting in one message.
        print(error.code().name, error.details(), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
