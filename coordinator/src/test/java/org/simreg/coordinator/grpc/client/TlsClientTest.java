package org.simreg.coordinator.grpc.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.pkitesting.X509Bundle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.Served;
import org.simreg.coordinator.grpc.access.Authority;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.base.tls.TlsFiles;

@Timeout(60)
class TlsClientTest {
    private static final Duration DAY = Duration.ofDays(1);

    @TempDir
    Path folder;

    private Authority authority;
    private TlsFiles own;
    private Served served;
    private Tls tls;

    @BeforeEach
    void certificates() {
        authority = new Authority(folder.resolve("ca"), "cluster");
        own = authority.identity("coordinator");
    }

    @AfterEach
    void close() {
        served.close();
        tls.close();
    }

    private void serve(TlsFiles files) {
        tls = Tls.of(files);
        served = Served.behind(new GrpcServer.Security(Optional.of(tls), List.of()));
    }

    private TlsFiles askingClients() {
        return new TlsFiles(own.identity(), own.ca(), Optional.of(authority.ca()));
    }

    private ApiClient client(TlsFiles files) {
        return open(new ClientCredentials(Optional.of(Tls.of(files)), Optional.empty()));
    }

    private ApiClient open(ClientCredentials credentials) {
        HostPort target = new HostPort("localhost", served.server.port());
        return ApiClient.open(target, Duration.ZERO, credentials);
    }

    private static TlsFiles believing(Authority authority) {
        return new TlsFiles(Optional.empty(), authority.ca(), Optional.empty());
    }

    private static ListResponse list(ApiClient client) {
        return client.ask(jobs -> jobs.list(ListRequest.getDefaultInstance()));
    }

    private static String refusal(ApiClient client) {
        try (client) {
            UserError e = assertThrows(UserError.class, () -> list(client));
            return e.getMessage();
        }
    }

    @Test
    void aClientThatKnowsTheAuthorityIsAnswered() {
        serve(own);
        try (ApiClient client = client(believing(authority))) {
            assertEquals(0, list(client).getJobsCount());
        }
    }

    @Test
    void plainTextToTlsAndTlsToPlainTextAreSaidToBeThat() {
        serve(own);
        String said = refusal(open(ClientCredentials.NONE));
        assertTrue(said.contains("wants TLS"), said);
        served.close();
        served = Served.onPort();
        said = refusal(client(believing(authority)));
        assertTrue(said.contains("speaks no TLS; leave out --tls-ca"), said);
    }

    @Test
    void aCoordinatorOfAnotherAuthorityIsNotBelieved() {
        serve(own);
        Authority other = new Authority(folder.resolve("other"), "other");
        String said = refusal(client(believing(other)));
        assertTrue(said.startsWith("TLS with the coordinator at localhost:"), said);
        assertTrue(said.endsWith("look at --tls-ca"), said);
    }

    @Test
    void aClientWithoutACertificateIsRefusedWhereOneIsAsked() {
        serve(askingClients());
        String said = refusal(client(believing(authority)));
        assertTrue(said.contains("name by --tls-cert and --tls-key one"), said);
        try (ApiClient client = client(authority.identity("alice"))) {
            assertEquals(0, list(client).getJobsCount());
        }
    }

    @Test
    void aCertificateThatExpiresWhileItServesIsNamed() {
        X509Bundle brief = authority.issue("coordinator", Duration.ofMillis(3000));
        serve(authority.write("coordinator", brief));
        long end = brief.getCertificate().getNotAfter().getTime() + 1;
        while (System.currentTimeMillis() <= end) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
        String said = refusal(client(believing(authority)));
        assertTrue(said.contains("has expired (NotAfter: "), said);
    }

    @Test
    void newCertificatesAreServedWhileAStreamOfTheOldOnesGoesOn() throws Exception {
        serve(askingClients());
        TlsFiles alice = authority.identity("alice");
        try (ApiClient client = client(alice)) {
            Job job = Job.newBuilder().setName("watched").build();
            Job.Builder whole = job.toBuilder();
            whole.getDatasetBuilder().clearPath().addPath("d");
            whole.addTeachersBuilder().setSource("t.pt");
            String id = client.ask(j ->
                            j.submit(SubmitRequest.newBuilder().setJob(whole).build()))
                    .getId();
            BlockingQueue<JobEvent> events = new LinkedBlockingQueue<>();
            JobEvents following = new JobEvents(client, id, 0);
            List<String> notices = new java.util.concurrent.CopyOnWriteArrayList<>();
            Thread watching = new Thread(() -> following.run(events::add, notices::add));
            watching.start();
            served.run(() -> served.jobs.train(id, 1));
            assertEquals(0, events.take().getSequence());
            X509Bundle next = authority.issue("coordinator", DAY.multipliedBy(2));
            authority.write("coordinator", next);
            byte[] serial = next.getCertificate().getSerialNumber().toByteArray();
            while (!java.util.Arrays.equals(serial, shownNow(alice))) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            }
            served.run(() -> served.jobs.train(id, 1));
            while (events.take().getSequence() == 0) {
                assertEquals(List.of(), notices);
            }
            served.run(() -> served.jobs.become(id, JobState.SUCCEEDED, ""));
            watching.join();
            assertEquals(List.of(), notices, "the stream never broke");
        }
    }

    /** Serial number of the certificate that a new connection sees. */
    private byte[] shownNow(TlsFiles files) throws Exception {
        try (Tls tls = Tls.of(files)) {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    new javax.net.ssl.KeyManager[] {tls.keys().orElseThrow()}, new TrustManager[] {tls.peers()}, null);
            int port = served.server.port();
            try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
                socket.startHandshake();
                return ((java.security.cert.X509Certificate) socket.getSession().getPeerCertificates()[0])
                        .getSerialNumber()
                        .toByteArray();
            }
        }
    }
}
