package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.access.Authority;
import org.simreg.coordinator.grpc.access.Rights;
import org.simreg.coordinator.grpc.access.TokenFile;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;

/** The page of a coordinator with tokens and certificates, used by keyboard alone in a real browser. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ActionsInBrowserTest {
    /** For people to look at. */
    private static final Path PICTURES = Path.of("target");

    private static final TokenFile.NewToken READER = TokenFile.NewToken.of(Rights.Role.READ, "ruth");
    private static final TokenFile.NewToken OPERATOR = TokenFile.NewToken.of(Rights.Role.OPERATE, "olga");

    /** Pairs of colours, and the least contrast of WCAG 2.2 AA: 4.5 for text, 3 for edges of controls. */
    private static final String CONTRASTS = """
            (() => {
              const light = c => {
                const v = c.map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
                return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
              };
              const probe = document.createElement('i');
              document.body.append(probe);
              const colour = name => {
                probe.style.color = `var(--${name})`;
                return getComputedStyle(probe).color.match(/[0-9.]+/g).slice(0, 3).map(Number);
              };
              const found = [['ink', 'card', 4.5], ['soft', 'card', 4.5], ['soft', 'page', 4.5], ['bad', 'card', 4.5],
                ['c1', 'card', 4.5], ['card', 'bad', 4.5], ['edge', 'card', 3], ['edge', 'page', 3]].map(([a, b, least]) => {
                const [x, y] = [light(colour(a)), light(colour(b))];
                return [a, b, (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05), least];
              });
              probe.remove();
              return found.filter(([, , ratio, least]) => ratio < least).map(String);
            })()""";

    @TempDir
    static Path folder;

    private static CoordinatorNode node;
    private static Chromium browser;

    @BeforeAll
    static void open() throws Exception {
        browser = new Chromium(Files.createDirectory(folder.resolve("browser")));
        Path tokens = folder.resolve("tokens");
        Files.writeString(tokens, READER.line() + "\n" + OPERATOR.line());
        Authority authority = new Authority(folder.resolve("ca"), "cluster");
        node = new CoordinatorNode(new CoordinatorNode.Settings(
                "127.0.0.1",
                0,
                folder.resolve("home"),
                ToyCluster.VERSION,
                new ClusterAddress("browser", "127.0.0.1", 0, List.of(), Optional.empty()),
                Optional.of(new CoordinatorNode.HttpAddress(new HostPort("127.0.0.1", 0), Set.of(), false)),
                ScaleSettings.USUAL,
                new ServerProtection(
                        Optional.of(authority.identity("node")), Optional.of(tokens), ServerProtection.NONE.limits())));
    }

    @AfterAll
    static void close() throws Exception {
        if (node != null) {
            node.close();
            browser.close();
        }
    }

    private static String yaml(int epochs) {
        return """
                # A job that no worker takes: none attends.
                name: birds
                dataset: {path: [/data/birds]}
                teachers: [{source: self}]
                student: {network: mobilenet-v2}
                optimization: {epochs: %d, batch: 64, micro_batches: 4}
                checkpoints: {output: %s}
                """.formatted(epochs, folder.resolve("runs/birds"));
    }

    /** Goes on by Tab until what a selector names has the focus. */
    private static void tabTo(String selector) {
        String there = "document.activeElement?.matches('" + selector + "') === true";
        List<Object> met = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            browser.key("Tab");
            if (Boolean.TRUE.equals(browser.value(there))) {
                return;
            }
            met.add(browser.value("document.activeElement?.outerHTML.slice(0, 60)"));
        }
        throw new AssertionError("Tab never comes to " + selector + ", but to " + met);
    }

    private static void press(String selector) {
        tabTo(selector);
        browser.key("Enter");
    }

    @Test
    void aJobIsSubmittedAndMovedByKeyboardInBothSchemes() throws Exception {
        browser.size(1280, 800);
        browser.dark(false);
        browser.open(URI.create("https://any:%s@127.0.0.1:%d/"
                .formatted(READER.token(), node.http().orElseThrow())));
        browser.await("document.querySelector('#sign')?.hidden === false");
        assertEquals(true, browser.value("document.querySelector('#new').hidden"), "who only reads submits nothing");
        assertEquals(List.of(), list(browser.value(CONTRASTS)), "light");
        signIn();
        submit();
        pauseAndResume();
        priorityAndCancel();
        assertEquals(
                "",
                browser.value("document.cookie + localStorage.length + sessionStorage.length")
                        .toString()
                        .replace("00", ""));
        assertFalse(
                String.valueOf(browser.value("location.href + document.documentElement.outerHTML"))
                        .contains(OPERATOR.token()),
                "the token is in the page or its address");
        List<String> failures = browser.errors().stream()
                .filter(one -> !one.contains("\"source\":\"network\""))
                .toList();
        assertEquals(List.of(), failures);
    }

    private static List<?> list(Object value) {
        return ((JsonArray) value).getList();
    }

    private static void signIn() {
        press("#sign");
        browser.await("document.activeElement?.className === 'secret'");
        browser.type("simreg_wrong");
        browser.key("Enter");
        browser.await("document.querySelector('dialog .failure').innerText.includes('does not know')");
        browser.value("document.activeElement.select()");
        browser.type(OPERATOR.token());
        browser.key("Enter");
        browser.await("document.querySelector('dialog') === null");
        browser.await("document.querySelector('#said').innerText === 'Signed in as olga.'");
    }

    private static void submit() throws Exception {
        press("#new");
        browser.await("document.activeElement?.tagName === 'TEXTAREA'");
        browser.type(yaml(0));
        press("dialog .sure");
        browser.await("document.querySelector('dialog .failure').innerText.includes('optimization.epochs')");
        browser.picture(PICTURES.resolve("page-submit.png"));
        assertNamed();
        browser.value("document.activeElement.select()");
        browser.type(yaml(20));
        press("dialog .sure");
        browser.await("document.querySelector('dialog') === null");
        browser.await("document.querySelector('#detail h1')?.textContent.startsWith('birds')");
    }

    /** Everything that can be used has a name, and the dialog says what it asks. */
    private static void assertNamed() {
        List<String> met = browser.accessible();
        assertTrue(met.contains("dialog: Submit a job"), met.toString());
        assertTrue(met.contains("textbox: Job in YAML or JSON"), met.toString());
        List<String> nameless = met.stream()
                .filter(one -> one.matches("(button|textbox|link|progressbar|spinbutton|combobox): *"))
                .toList();
        assertEquals(List.of(), nameless);
    }

    private static void pauseAndResume() throws Exception {
        browser.await("document.querySelector('[data-verb=pause]').checkVisibility()");
        press("[data-verb=pause]");
        browser.await("document.activeElement?.textContent === 'Back'");
        browser.key("Escape");
        browser.await("document.querySelector('dialog') === null");
        browser.await("document.activeElement?.dataset.verb === 'pause'");
        browser.key("Enter");
        browser.dark(true);
        assertEquals(List.of(), list(browser.value(CONTRASTS)), "dark");
        browser.picture(PICTURES.resolve("page-confirm-dark.png"));
        press("dialog .sure");
        browser.await("document.querySelector('#detail .pill').textContent === 'paused'");
        browser.await("document.querySelector('[data-verb=pause]').checkVisibility() === false");
        assertEquals("detail", browser.value("document.activeElement.id"), "the focus stays with the job");
        press("[data-verb=resume]");
        press("dialog .sure");
        browser.await("document.querySelector('#detail .pill').textContent === 'queued'");
    }

    private static void priorityAndCancel() throws Exception {
        press("[data-verb=priority]");
        browser.await("document.activeElement?.type === 'number'");
        browser.value("document.activeElement.select()");
        browser.type("7");
        browser.key("Enter");
        browser.await("document.querySelector('.facts').innerText.includes('priority\\n7')");
        browser.size(400, 800);
        browser.picture(PICTURES.resolve("page-acts-narrow.png"));
        assertTrue((int) browser.value("document.documentElement.scrollWidth") <= 400);
        press("[data-verb=cancel]");
        press("dialog .sure");
        browser.await("document.querySelector('#detail .pill').textContent === 'cancelled'");
        JsonObject seen = new JsonObject().put("said", browser.value("document.querySelector('#said').innerText"));
        assertTrue(seen.getString("said").contains("cancelled"), seen.encode());
    }
}
