// Submits a job to a coordinator and follows it to its end.
//
// Usage: node submit.mjs PROTO ADDRESS DATA TEACHER OUT; see docs/clients.md. PROTO is proto/src/main/proto.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const [proto, address, data, teacher, out] = process.argv.slice(2);
const definition = loader.loadSync(path.join(proto, "simreg/v1/jobs.proto"), {
  includeDirs: [proto],
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});
const { Jobs } = grpc.loadPackageDefinition(definition).simreg.v1;

/** With SIMREG_CA TLS by that certificate, with SIMREG_TOKEN the token of every call. */
function credentials() {
  const { SIMREG_CA: ca, SIMREG_TOKEN: token } = process.env;
  if (!ca) {
    return grpc.credentials.createInsecure();
  }
  const tls = grpc.credentials.createSsl(readFileSync(ca));
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const call = grpc.credentials.createFromMetadataGenerator((_, done) => done(null, metadata));
  return token ? grpc.credentials.combineChannelCredentials(tls, call) : tls;
}

const jobs = new Jobs(address, credentials());
const ask = (method, request) =>
  new Promise((resolve, reject) => jobs[method](request, (error, answer) => (error ? reject(error) : resolve(answer))));

// The same keys as in job.yaml; what is absent takes its default.
const job = {
  dataset: { path: [data], limitClasses: 2 },
  teachers: [{ source: teacher }],
  views: { size: 32 },
  optimization: { batch: 8, maxSteps: 2 },
  evaluation: { everyEpochs: 0 },
  checkpoints: { output: out },
};

try {
  // A request id makes the submit safe to repeat: the same id is the same job.
  const { id } = await ask("Submit", { requestId: randomUUID(), job });
  console.log("submitted", id);
  for await (const event of jobs.Watch({ id })) {
    console.log(event.sequence, event.progress.event);
  }
  const status = await ask("Get", { id });
  console.log(status.state, status.reason, status.sha256);
  process.exitCode = status.state === "SUCCEEDED" ? 0 : 1;
} catch (error) {
  // INVALID_ARGUMENT lists every wrong setting in one message.
  console.error(error.code, error.details);
  process.exitCode = 1;
} finally {
  jobs.close();
}
