package org.simreg.coordinator.node;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A headless Chromium, driven by the DevTools protocol. */
final class Chromium implements AutoCloseable {
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

    private static final Map<String, Integer> CODES = Map.of("Enter", 13, "Tab", 9, "Escape", 27);

    private final Process process;
    private final WebSocket socket;
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonObject>> answers = new ConcurrentHashMap<>();
    private final List<String> errors = new CopyOnWriteArrayList<>();

    /**
     * @param folder for its profile
     */
    Chromium(Path folder) throws IOException, InterruptedException {
        process = new ProcessBuilder(
                        program(),
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--disable-quic",
                        // No question whether to keep a password takes the keys.
                        "--incognito",
                        // The certificates of a test are signed by its own CA.
                        "--ignore-certificate-errors",
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + folder,
                        "about:blank")
                .redirectErrorStream(true)
                .start();
        URI browser = address(process.inputReader());
        String page = new Web(browser.getPort())
                .await("/json/list", a -> a.body().contains("\"type\": \"page\""))
                .body();
        socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(URI.create(pages(page)), new Listener())
                .join();
        call("Page.enable", new JsonObject());
        call("Runtime.enable", new JsonObject());
        call("Log.enable", new JsonObject());
        call("Emulation.setFocusEmulationEnabled", new JsonObject().put("enabled", true));
    }

    private static String pages(String list) {
        return new JsonArray(list)
                .stream()
                        .map(JsonObject.class::cast)
                        .filter(one -> one.getString("type").equals("page"))
                        .findFirst()
                        .orElseThrow()
                        .getString("webSocketDebuggerUrl");
    }

    /** Debian's package is installed where there is none and we may. */
    private static String program() throws IOException, InterruptedException {
        Optional<String> found = found();
        if (found.isEmpty() && System.getProperty("user.name").equals("root")) {
            run("apt-get", "update", "-q");
            run("apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium");
            found = found();
        }
        Assumptions.assumeTrue(
                found.isPresent(),
                () ->
                        "Skipped: the test of the page needs Chromium, and none of %s is on PATH; install it, on Debian by: apt-get install chromium"
                                .formatted(NAMES));
        return found.orElseThrow();
    }

    private static Optional<String> found() {
        return Stream.of(System.getenv("PATH").split(":"))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst();
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        process.inputReader().lines().forEach(line -> {});
        process.waitFor();
    }

    private static URI address(BufferedReader output) throws IOException {
        List<String> said = new ArrayList<>();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            said.add(line);
            if (line.startsWith("DevTools listening on ")) {
                Thread rest = new Thread(() -> output.lines().forEach(more -> {}), "chromium");
                rest.setDaemon(true);
                rest.start();
                return URI.create(line.substring("DevTools listening on ".length()));
            }
        }
        throw new AssertionError("Chromium does not start:\n" + String.join("\n", said));
    }

    /** Asks the browser and waits. */
    JsonObject call(String method, JsonObject parameters) {
        int id = ids.incrementAndGet();
        CompletableFuture<JsonObject> answer = new CompletableFuture<>();
        answers.put(id, answer);
        JsonObject message =
                new JsonObject().put("id", id).put("method", method).put("params", parameters);
        socket.sendText(message.encode(), true).join();
        JsonObject said = answer.orTimeout(60, TimeUnit.SECONDS).join();
        if (said.containsKey("error")) {
            throw new AssertionError(method + ": " + said);
        }
        return said.getJsonObject("result");
    }

    void open(URI page) {
        call("Page.navigate", new JsonObject().put("url", page.toString()));
    }

    void size(int width, int height) {
        call(
                "Emulation.setDeviceMetricsOverride",
                new JsonObject()
                        .put("width", width)
                        .put("height", height)
                        .put("deviceScaleFactor", 1)
                        .put("mobile", false));
    }

    void dark(boolean so) {
        JsonObject scheme = new JsonObject().put("name", "prefers-color-scheme").put("value", so ? "dark" : "light");
        call("Emulation.setEmulatedMedia", new JsonObject().put("features", new JsonArray().add(scheme)));
    }

    /** The value of an expression in the page. */
    Object value(String script) {
        JsonObject result = call(
                "Runtime.evaluate",
                new JsonObject()
                        .put("expression", script)
                        .put("awaitPromise", true)
                        .put("returnByValue", true));
        if (result.containsKey("exceptionDetails")) {
            throw new AssertionError(script + ": " + result);
        }
        return result.getJsonObject("result").getValue("value");
    }

    /** Waits until an expression is true in the page. */
    void await(String script) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Boolean.TRUE.equals(value(script))) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not so: " + script + "\n" + errors + "\n" + value("document.body.innerText"));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    void key(String key) {
        for (String type : List.of("keyDown", "keyUp")) {
            JsonObject event =
                    new JsonObject().put("type", type).put("key", key).put("code", key);
            Integer code = CODES.get(key);
            if (code != null) {
                event.put("windowsVirtualKeyCode", code);
            }
            if (key.equals("Enter") && type.equals("keyDown")) {
                event.put("text", "\r");
            }
            call("Input.dispatchKeyEvent", event);
        }
    }

    /** Writes into what has the focus. */
    void type(String text) {
        call("Input.insertText", new JsonObject().put("text", text));
    }

    /** Roles and names of what a screen reader meets, as "role: name". */
    List<String> accessible() {
        return call("Accessibility.getFullAXTree", new JsonObject()).getJsonArray("nodes").stream()
                .map(JsonObject.class::cast)
                .filter(node -> !node.getBoolean("ignored"))
                .map(node -> text(node, "role") + ": " + text(node, "name"))
                .toList();
    }

    private static String text(JsonObject node, String property) {
        JsonObject value = node.getJsonObject(property);
        return value == null ? "" : String.valueOf(value.getValue("value"));
    }

    void picture(Path png) throws IOException {
        JsonObject shot = call("Page.captureScreenshot", new JsonObject().put("format", "png"));
        Files.write(png, Base64.getDecoder().decode(shot.getString("data")));
    }

    /** What the page's scripts failed at, and what the browser refused or missed. */
    List<String> errors() {
        return errors;
    }

    @Override
    public void close() throws IOException {
        socket.abort();
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                take(new JsonObject(text.toString()));
                text.setLength(0);
            }
            from.request(1);
            return null;
        }

        private void take(JsonObject message) {
            if (message.containsKey("id")) {
                answers.remove(message.getInteger("id")).complete(message);
            } else if (message.getString("method").equals("Runtime.exceptionThrown")
                    || message.getString("method").equals("Log.entryAdded")) {
                errors.add(message.getJsonObject("params").encode());
            }
        }
    }
}
