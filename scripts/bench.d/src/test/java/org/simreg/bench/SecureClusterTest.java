package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.grpc.access.Authority;
import org.simreg.coordinator.grpc.access.Rights;
import org.simreg.coordinator.grpc.access.TokenFile;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.ClientCredentials;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.ListRequest;
import org.simreg.proto.Reduction;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.base.tls.TlsFiles;

/** Processes that all show certificates and tokens, by both transports. */
@Tag("processes")
@EnabledIfSystemProperty(named = "simreg.test.kills", matches = "[1-9]\\d*")
@Timeout(240)
class SecureClusterTest {
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private final TokenFile.NewToken operator = TokenFile.NewToken.of(Rights.Role.OPERATE, "olga");
    private final TokenFile.NewToken worker = TokenFile.NewToken.of(Rights.Role.WORKER, "workers");

    @Test
    void gradientsTravelByNettyAndEventBusBehindTlsWhileCertificatesChange() throws Exception {
        Authority authority = new Authority(folder.resolve("ca"), "cluster");
        TlsFiles files = authority.identity("node");
        TlsFiles.Identity own = files.identity().orElseThrow();
        Path tokens = folder.resolve("tokens");
        Files.writeString(tokens, operator.line() + "\n" + worker.line() + "\n");
        try (Processes processes = new Processes(folder, List.of("w0", "w1"), Command.compilation())) {
            processes.environment(Map.of(
                    "SIMREG_TLS_CERT", own.cert().toString(),
                    "SIMREG_TLS_KEY", own.key().toString(),
                    "SIMREG_TLS_CA", files.ca().toString(),
                    "SIMREG_TOKEN", worker.token()));
            processes.coordinatorOptions("--tokens=" + tokens, "--tls-client-ca=" + files.ca());
            processes.coordinator();
            processes.worker("w0");
            processes.worker("w1");
            Optional<ClientCredentials.Token> token = Optional.of(ClientCredentials.Token.of(operator.token(), "test"));
            try (ApiClient client = processes.client(new ClientCredentials(Optional.of(Tls.of(files)), token))) {
                SortedMap<Integer, String> steps = trains(client, Reduction.Transport.NETTY);
                assertEquals(6, steps.size());
                authority.identity("node");
                assertEquals(steps, trains(client, Reduction.Transport.EVENTBUS));
            }
            try (ApiClient plain = ApiClient.open(processes.address(), Duration.ZERO)) {
                ListRequest request = ListRequest.getDefaultInstance();
                assertThrows(UserError.class, () -> plain.ask(j -> j.list(request)));
            }
            for (String name : List.of("w0", "w1")) {
                String log = Files.readString(processes.log(name));
                assertTrue(log.contains("The certificates have changed"), log);
                assertFalse(log.contains("shown out"), log);
                assertFalse(log.contains("keeps its certificates"), log);
                assertFalse(log.contains(worker.token()), "a token is in the log");
            }
        }
    }

    private SortedMap<Integer, String> trains(ApiClient client, Reduction.Transport transport) throws Exception {
        String name = transport.name().toLowerCase(Locale.ROOT);
        Path data = SmallJob.pictures(folder.resolve("data-" + name));
        Path teacher = SmallJob.teacher(folder.resolve(name + ".safetensors"));
        Path student = SmallJob.student(folder.resolve(name + ".pt"));
        Job.Builder job = SmallJob.of(name, data.toString(), teacher.toString(), student.toString(), 6).toBuilder();
        job.getPlacementBuilder().setMinWorkers(2);
        job.getReduceBuilder().setTransport(transport);
        job.getCheckpointsBuilder().setOutput(folder.resolve("runs/" + name).toString());
        SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
        String id = client.ask(jobs -> jobs.submit(request)).getId();
        try (Follower events = new Follower(client, id)) {
            events.workers(2);
            events.state(JobState.SUCCEEDED);
            return RunSteps.of(folder.resolve("runs/" + name));
        }
    }
}
