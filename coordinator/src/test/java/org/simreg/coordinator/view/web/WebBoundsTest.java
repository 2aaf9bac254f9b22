package org.simreg.coordinator.view.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.coordinator.grpc.client.HostPort;
import org.slf4j.LoggerFactory;

/** What strangers send to the page's port, byte by byte. */
@Timeout(60)
class WebBoundsTest {
    private final Vertx vertx = Vertx.vertx();
    private final WebServer server = WebServer.listen(
            vertx,
            new HostPort("127.0.0.1", 0),
            Set.of("Page.Example"),
            router -> router.get("/metrics").handler(request -> request.end("numbers")),
            Duration.ofSeconds(2));

    @AfterEach
    void close() {
        server.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(50_000);
        return socket;
    }

    /** Everything that comes until the server hangs up. */
    private String said(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String underName(String host) throws IOException {
        return said("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    }

    @Test
    void aForeignHostNameIsRefusedInOneSentence() throws Exception {
        for (String foreign :
                List.of("evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.nip.io")) {
            String said = underName(foreign);
            assertTrue(said.startsWith("HTTP/1.1 421 "), said);
            String name = foreign.split(":")[0];
            assertTrue(
                    said.endsWith("This server doesn't answer to the name '" + name
                            + "'; if it is its own, start it with --http-name\n"),
                    said);
        }
    }

    @Test
    void loopbackNamesAddressesAndOwnNamesAreAnswered() throws Exception {
        int port = server.port();
        for (String ours : List.of(
                "localhost",
                "LOCALHOST:" + port,
                "127.0.0.1:" + port,
                "10.1.2.3",
                "[::1]:" + port,
                "page.example:80",
                "page.example.")) {
            String said = underName(ours);
            assertTrue(said.endsWith("numbers"), ours + ": " + said);
        }
    }

    @Test
    void aRequestThatNeverGetsCompleteIsClosed() throws Exception {
        assertEquals("", said("GET /metrics HTTP/1.1\r\nHost: local"));
    }

    /** More than may wait for their answers, by clients that don't read. */
    @Test
    void requestsWithoutEndWriteNoLinesToTheLog() throws Exception {
        Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        root.addAppender(log);
        String request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        byte[] sent = request.repeat(2000).getBytes(StandardCharsets.US_ASCII);
        try {
            for (int i = 0; i < 10; i++) {
                try (Socket unread = connect()) {
                    unread.getOutputStream().write(sent);
                    assertTrue(underName("localhost").endsWith("numbers"));
                }
            }
        } finally {
            root.detachAppender(log);
        }
        LoggerContext product = new LoggerContext();
        JoranConfigurator settings = new JoranConfigurator();
        settings.setContext(product);
        settings.doConfigure(WebBoundsTest.class.getResource("/logback.xml"));
        assertEquals(
                List.of(),
                log.list.stream()
                        .filter(line -> product.getLogger(line.getLoggerName()).isEnabledFor(line.getLevel()))
                        .map(ILoggingEvent::getMessage)
                        .toList());
    }
}
