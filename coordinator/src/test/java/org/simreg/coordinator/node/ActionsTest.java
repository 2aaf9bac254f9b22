package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.access.Authority;
import org.simreg.coordinator.grpc.access.Rights;
import org.simreg.coordinator.grpc.access.TokenFile;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;
import org.simreg.proto.JobSettings;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.base.tls.TlsFiles;

/** What the page of a real coordinator with tokens and certificates lets whom do, by HTTPS. */
@Timeout(120)
class ActionsTest {
    @TempDir
    static Path folder;

    private static final TokenFile.NewToken READER = TokenFile.NewToken.of(Rights.Role.READ, "ruth");
    private static final TokenFile.NewToken SUBMITTER = TokenFile.NewToken.of(Rights.Role.SUBMIT, "sue");
    private static final TokenFile.NewToken OPERATOR = TokenFile.NewToken.of(Rights.Role.OPERATE, "olga");

    private static Authority authority;
    private static CoordinatorNode node;
    private static HttpClient client;

    @BeforeAll
    static void open() throws Exception {
        Path tokens = folder.resolve("tokens");
        Files.writeString(tokens, READER.line() + "\n" + SUBMITTER.line() + "\n" + OPERATOR.line());
        authority = new Authority(folder.resolve("ca"), "cluster");
        TlsFiles files = authority.identity("node");
        node = new CoordinatorNode(
                settings("actions", new ServerProtection(Optional.of(files), Optional.of(tokens), limits())));
        client = trusting(files);
    }

    private static CoordinatorSettings.Limits limits() {
        return ServerProtection.NONE.limits();
    }

    private static CoordinatorNode.Settings settings(String name, ServerProtection protection) {
        return new CoordinatorNode.Settings(
                "127.0.0.1",
                0,
                folder.resolve(name),
                ToyCluster.VERSION,
                new ClusterAddress(name, "127.0.0.1", 0, List.of(), Optional.empty()),
                Optional.of(new CoordinatorNode.HttpAddress(new HostPort("127.0.0.1", 0), Set.of(), false)),
                ScaleSettings.USUAL,
                protection);
    }

    private static HttpClient trusting(TlsFiles files) throws Exception {
        try (Tls tls = Tls.of(files)) {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {tls.peers()}, null);
            return HttpClient.newBuilder().sslContext(context).build();
        }
    }

    @AfterAll
    static void close() {
        node.close();
    }

    private static HttpRequest.Builder request(String path, TokenFile.NewToken token) {
        return HttpRequest.newBuilder(
                        URI.create("https://127.0.0.1:" + node.http().orElseThrow() + path))
                .header("Authorization", "Bearer " + token.token());
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private static HttpResponse<String> post(String path, TokenFile.NewToken token, String body) throws Exception {
        return send(request(path, token)
                .header("Simreg-Request", UUID.randomUUID().toString())
                .POST(BodyPublishers.ofString(body)));
    }

    private static String yaml(String name) {
        return "name: %s%ndataset: {path: [/pictures]}%nteachers: [{source: self}]%n".formatted(name)
                + "optimization: {batch: 8, micro_batches: 2}\n"
                + "checkpoints: {output: " + folder.resolve("runs").resolve(name) + "}\n";
    }

    private static String error(HttpResponse<String> answer) {
        return new JsonObject(answer.body()).getString("error");
    }

    @Test
    void aJobIsSubmittedAndMovedByWhoMay() throws Exception {
        HttpResponse<String> made = post("/api/jobs", SUBMITTER, yaml("mine"));
        assertEquals(200, made.statusCode(), made.body());
        String job = "/api/jobs/" + new JsonObject(made.body()).getString("id");
        HttpResponse<String> refused = post(job + "/pause", SUBMITTER, "");
        assertEquals(403, refused.statusCode());
        assertTrue(error(refused).contains("needs the role operate, and the token of sue has the role submit"));
        assertEquals(403, post("/api/jobs", READER, yaml("not-hers")).statusCode());
        assertEquals(200, post(job + "/pause", OPERATOR, "").statusCode());
        awaitState(job, "pause", 409);
        assertEquals(200, post(job + "/resume", OPERATOR, "").statusCode());
        HttpResponse<String> first = post(job + "/priority", OPERATOR, "5");
        assertEquals(5, new JsonObject(first.body()).getInteger("priority"));
        HttpResponse<String> high = post(job + "/priority", OPERATOR, "5000");
        assertEquals(400, high.statusCode());
        assertTrue(error(high).contains("placement.priority"), high.body());
        assertEquals(400, post(job + "/priority", OPERATOR, "high").statusCode());
        assertEquals(200, post(job + "/cancel", OPERATOR, "").statusCode());
        awaitState(job, "cancel", 409);
        assertEquals(404, post(job + "/shred", OPERATOR, "").statusCode());
        assertEquals(404, post("/api/jobs/no-such/pause", OPERATOR, "").statusCode());
    }

    /** Asks again until a move is refused, as it is done. */
    private static void awaitState(String job, String move, int refusal) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        HttpResponse<String> answer = post(job + "/" + move, OPERATOR, "");
        while (answer.statusCode() != refusal) {
            assertTrue(System.nanoTime() < end, answer.body());
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            answer = post(job + "/" + move, OPERATOR, "");
        }
    }

    @Test
    void aSubmitThatIsSentAgainMakesNoSecondJob() throws Exception {
        String id = UUID.randomUUID().toString();
        HttpRequest.Builder once = request("/api/jobs", SUBMITTER).header("Simreg-Request", id);
        once.POST(BodyPublishers.ofString(yaml("once")));
        assertEquals(send(once).body(), send(once).body());
    }

    @Test
    void aWrongJobIsRefusedInTheWordsOfTheCommand() throws Exception {
        String wrong = "optimization: {epochs: 0}\nteachers: [{source: self}]\ndataset: {path: [/p]}\n";
        UserError command =
                assertThrows(UserError.class, () -> JobSettings.complete(JobFile.parse("of the page", wrong)));
        HttpResponse<String> refused = post("/api/jobs", OPERATOR, wrong);
        assertEquals(400, refused.statusCode());
        assertEquals(command.getMessage(), error(refused));
        assertTrue(error(post("/api/jobs", OPERATOR, "epoch: 1")).contains("line 1"));
        String relative = error(post("/api/jobs", OPERATOR, yaml("r").replace("/pictures", "pictures")));
        assertTrue(relative.contains("'pictures' is a relative path"), relative);
        assertEquals(400, post("/api/jobs", OPERATOR, "").statusCode());
        assertEquals(
                413,
                post("/api/jobs", OPERATOR, "#".repeat(JobFile.MOST_BYTES + 1)).statusCode());
    }

    @Test
    void whatABrowserSendsByItselfMovesNothing() throws Exception {
        HttpRequest.Builder foreign = request("/api/jobs", OPERATOR).POST(BodyPublishers.ofString(yaml("foreign")));
        assertEquals(403, send(foreign).statusCode(), "a form of another site has no header of ours");
        HttpRequest.Builder crossing = request("/api/jobs", OPERATOR).header("Simreg-Request", "1");
        crossing.header("Sec-Fetch-Site", "cross-site").POST(BodyPublishers.ofString(yaml("crossing")));
        assertEquals(403, send(crossing).statusCode());
        String pair = Base64.getEncoder().encodeToString(("any:" + OPERATOR.token()).getBytes(StandardCharsets.UTF_8));
        HttpRequest.Builder password = request("/api/jobs", OPERATOR).setHeader("Authorization", "Basic " + pair);
        password.header("Simreg-Request", "1").POST(BodyPublishers.ofString(yaml("password")));
        HttpResponse<String> refused = send(password);
        assertEquals(401, refused.statusCode());
        assertTrue(error(refused).contains("sign in"), refused.body());
        HttpRequest.Builder preflight = request("/api/jobs", OPERATOR).method("OPTIONS", BodyPublishers.noBody());
        HttpResponse<String> asked = send(preflight.header("Sec-Fetch-Site", "cross-site"));
        assertTrue(asked.headers().firstValue("Access-Control-Allow-Origin").isEmpty());
    }

    @Test
    void thePageLearnsWhatATokenMay() throws Exception {
        JsonObject rights =
                new JsonObject(send(request("/api/rights", SUBMITTER)).body());
        assertEquals("sue", rights.getString("name"));
        assertTrue(rights.getBoolean("submits") && !rights.getBoolean("operates") && rights.getBoolean("tokens"));
        HttpRequest.Builder unknown = request("/api/rights", SUBMITTER).setHeader("Authorization", "Bearer x");
        HttpResponse<String> refused = send(unknown);
        assertEquals(401, refused.statusCode());
        assertEquals(
                "Bearer realm=\"simreg\"",
                refused.headers().firstValue("WWW-Authenticate").orElseThrow());
    }

    @Test
    void newConnectionsShowANewCertificate() throws Exception {
        X509Certificate before = shown();
        TlsFiles files = authority.identity("node");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        X509Certificate now = before;
        while (now.equals(before)) {
            assertTrue(System.nanoTime() < end, "the certificate stays what it was");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            client = trusting(files);
            now = shown();
        }
        assertNotEquals(before.getSerialNumber(), now.getSerialNumber());
    }

    private static X509Certificate shown() throws Exception {
        HttpResponse<String> answer = send(request("/", READER));
        assertEquals(200, answer.statusCode());
        return (X509Certificate) answer.sslSession().orElseThrow().getPeerCertificates()[0];
    }

    @Test
    void withoutTokensThePageActsForThisMachineOnly() throws Exception {
        try (CoordinatorNode open = new CoordinatorNode(settings("open", ServerProtection.NONE))) {
            Web web = new Web(open.http().orElseThrow());
            assertTrue(new JsonObject(web.get("/api/rights").body()).getBoolean("operates"));
            HttpRequest.Builder mine = HttpRequest.newBuilder(web.uri("/api/jobs"));
            mine.header("Simreg-Request", "1").POST(BodyPublishers.ofString(yaml("local")));
            HttpClient plain = HttpClient.newBuilder()
                    .connectTimeout(Duration.ofSeconds(10))
                    .build();
            assertEquals(200, plain.send(mine.build(), BodyHandlers.ofString()).statusCode());
            mine.header("X-Forwarded-For", "203.0.113.9");
            HttpResponse<String> refused = plain.send(mine.build(), BodyHandlers.ofString());
            assertEquals(403, refused.statusCode());
            assertTrue(error(refused).contains("--tokens"), refused.body());
            assertFalse(web.get("/").body().isEmpty());
        }
    }
}
