package org.simreg.coordinator.view.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.access.Gate;
import org.simreg.coordinator.grpc.access.Rights;
import org.simreg.coordinator.grpc.access.TokenFile;
import org.simreg.coordinator.grpc.client.HostPort;

@Timeout(60)
class OpsRoutesTest {
    @TempDir
    Path folder;

    private final TokenFile.NewToken reader = TokenFile.NewToken.of(Rights.Role.READ, "ruth");
    private final TokenFile.NewToken operator = TokenFile.NewToken.of(Rights.Role.OPERATE, "olga");
    private final TokenFile.NewToken worker = TokenFile.NewToken.of(Rights.Role.WORKER, "w1");
    private final Vertx vertx = Vertx.vertx();
    private Path tokens;
    private WebServer server;

    @BeforeEach
    void serve() throws Exception {
        tokens = folder.resolve("tokens");
        Files.writeString(tokens, reader.line() + "\n" + operator.line() + "\n" + worker.line());
        Gate gate = Gate.by(tokens, Duration.ZERO);
        server = WebServer.listen(vertx, new HostPort("127.0.0.1", 0), router -> {
            router.get("/health").handler(request -> request.end("up"));
            OpsRoutes.guard(router, gate);
            router.get("/").handler(request -> request.end("page"));
        });
    }

    @AfterEach
    void close() {
        server.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private HttpResponse<String> get(String path, String authorization) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static String basic(String pair) {
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aTokenThatMayReadOpensThePageAsABearersOrAsAPassword() throws Exception {
        assertEquals("page", get("/", "Bearer " + reader.token()).body());
        assertEquals("page", get("/", basic("anybody:" + operator.token())).body());
        assertEquals(
                "page",
                get("/", "bAsIc " + basic(":" + reader.token()).substring(6)).body());
    }

    @Test
    void nobodyElseSeesItAndABrowserAsksForThePassword() throws Exception {
        HttpResponse<String> refused = get("/", null);
        assertEquals(401, refused.statusCode());
        assertEquals(
                "Basic realm=\"simreg\", charset=\"UTF-8\"",
                refused.headers().firstValue("WWW-Authenticate").orElseThrow());
        assertTrue(refused.body().contains("the role read"), refused.body());
        for (String wrong : new String[] {
            basic("ruth:wrong"),
            basic("worker:" + worker.token()),
            basic(""),
            "Basic !",
            "Basic",
            "Bearer ",
            reader.token()
        }) {
            assertEquals(401, get("/", wrong).statusCode(), wrong);
        }
        assertEquals(401, get("/nowhere", null).statusCode(), "what there is isn't told either");
    }

    @Test
    void healthIsForAllAndARemovedTokenOpensNothing() throws Exception {
        assertEquals("up", get("/health", null).body());
        Files.writeString(tokens, operator.line());
        assertEquals(401, get("/", "Bearer " + reader.token()).statusCode());
    }
}
