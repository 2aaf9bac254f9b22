package org.simreg.coordinator.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Terminal;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.job.scale.ScalerServer;

@Timeout(60)
class ScaleCommandTest {
    @TempDir
    Path home;

    private final Terminal terminal = new Terminal();
    private ScalerServer coordinator;

    @AfterEach
    void close() {
        coordinator.close();
    }

    private void start() {
        ScaleSettings.BoundsFile file = new ScaleSettings.BoundsFile(home.resolve(ScaleSettings.BoundsFile.NAME));
        coordinator = new ScalerServer(ScaleSettings.USUAL, Optional.of(file));
    }

    private int run(String... args) {
        String[] all = new String[args.length + 2];
        all[0] = "scale";
        System.arraycopy(args, 0, all, 1, args.length);
        all[args.length + 1] = "--coordinator=localhost:" + coordinator.port();
        return terminal.run(all);
    }

    @Test
    void theNumberItsReasonAndItsBoundsAreShown() throws Exception {
        start();
        coordinator.submit("a", 1, 4);
        assertEquals(0, run(), terminal.err);
        assertEquals("4 wanted, 1 attend: 1 job can use 4 workers\nat least 0, at most 4096\n", terminal.out);
        assertEquals(0, run("--json"), terminal.err);
        assertEquals(
                "{\"wanted\":4,\"reason\":\"1 job can use 4 workers\",\"min\":0,\"max\":4096,\"attending\":1,\"set\":false}\n",
                terminal.out);
    }

    @Test
    void boundsAreSetSinglyOrTogetherAndOutliveTheCoordinator() throws Exception {
        start();
        coordinator.submit("a", 1, 4);
        assertEquals(0, run("1", "3"), terminal.err);
        assertTrue(terminal.out.startsWith("3 wanted, 1 attend"), terminal.out);
        coordinator.close();
        start();
        assertEquals(0, run("--max=2"), terminal.err);
        assertTrue(terminal.out.startsWith("1 wanted"), terminal.out);
        assertTrue(terminal.out.contains("at least 1, at most 2, set by 'simreg scale'; --reset"), terminal.out);
        assertEquals(0, run("--reset"), terminal.err);
        assertTrue(terminal.out.endsWith("at least 0, at most 4096\n"), terminal.out);
    }

    @Test
    void wrongBoundsAreRefused() {
        start();
        assertEquals(2, run("3"));
        assertTrue(terminal.err.contains("Give MIN and MAX"), terminal.err);
        assertEquals(2, run("1", "2", "--max=3"));
        assertEquals(2, run("--reset", "--min=1"));
        assertEquals(2, run("--min=-1"));
        assertTrue(terminal.err.contains("--min: -1 is out of bounds"), terminal.err);
        assertEquals(1, run("5", "4"));
        assertTrue(terminal.err.contains("At least 5 and at most 4 workers"), terminal.err);
    }
}
