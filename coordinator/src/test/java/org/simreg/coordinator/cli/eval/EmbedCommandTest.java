package org.simreg.coordinator.cli.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.node.SmallJob;

/** {@code simreg embed} in processes that can be killed. */
@Timeout(300)
class EmbedCommandTest {
    @TempDir
    Path folder;

    private Path weights;
    private Path pictures;

    @BeforeEach
    void writeWeightsAndPictures() throws IOException {
        weights = SmallJob.teacher(folder.resolve("weights.safetensors"));
        pictures = SmallJob.pictures(folder.resolve("pictures"));
    }

    private Command embed(Path source, Path out, String... more) throws IOException {
        List<String> args = new ArrayList<>(List.of("embed", source.toString(), "--weights", weights.toString()));
        args.addAll(List.of("--size", "32", "--device", "cpu", "--threads", "1", "--decode-threads", "1"));
        args.addAll(List.of("--out", out.toString()));
        args.addAll(List.of(more));
        return Command.start(folder, args);
    }

    private static void ends(int code, Command command) throws Exception {
        assertEquals(code, command.end(), command.err());
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void aKilledRunGoesOnToTheSameBytes() throws Exception {
        Path sample = Path.of("..", "scripts", "sample");
        Command whole = embed(sample, folder.resolve("whole"));
        ends(0, whole);
        Path broken = folder.resolve("broken");
        Command killed = embed(sample, broken);
        Path log = broken.resolve(".rows.part");
        long rows = 200 * (1280 * 4 + 8);
        while (!Files.exists(log) || Files.size(log) < rows) {
            LockSupport.parkNanos(1_000_000);
        }
        assertEquals(128 + 9, killed.kill());
        assertFalse(Files.exists(broken.resolve("features.npy")), "nothing half done has the name of the whole");
        ends(0, embed(sample, broken));
        for (String file : List.of("features.npy", "rows.csv", "embed.txt")) {
            assertArrayEquals(
                    Files.readAllBytes(folder.resolve("whole").resolve(file)),
                    Files.readAllBytes(broken.resolve(file)));
        }
        assertFalse(Files.exists(log));
        assertTrue(whole.out().contains(" x 1280"), whole.out());
    }

    @Test
    void brokenPicturesAreLeftOutCountedAndNamedAndNothingIsWrittenOver() throws Exception {
        List<String> bad = IntStream.range(0, 5)
                .mapToObj("val/symbols--arrow/0-bad%d.png"::formatted)
                .toList();
        for (String name : bad) {
            Files.write(pictures.resolve(name), new byte[] {1, 2, 3});
        }
        Path out = folder.resolve("out");
        Command command = embed(pictures, out, "--format", "csv", "--split", "val");
        ends(0, command);
        assertEquals(bad, Files.readAllLines(out.resolve("left-out.txt")));
        assertTrue(command.err().contains("5 of "), command.err());
        long named = command.err()
                .lines()
                .filter(line -> line.contains("can't be used"))
                .count();
        assertEquals(3, named, command.err());
        List<String> lines = Files.readAllLines(out.resolve("features.csv"));
        assertTrue(lines.get(0).startsWith("name,class,split,f0,"), lines.get(0));
        assertTrue(lines.stream().skip(1).allMatch(line -> line.startsWith("val/")), "only val was asked for");
        assertFalse(lines.stream().anyMatch(line -> line.contains("0-bad")), "the broken one has no row");

        Command other = embed(pictures, out, "--format", "csv", "--split", "train");
        ends(1, other);
        assertTrue(other.err().contains("choose another folder"), other.err());
    }

    @Test
    void aBankGivesItsRows() throws Exception {
        Path banks = folder.resolve("banks");
        ends(
                0,
                Command.start(
                        folder,
                        List.of(
                                "index",
                                "create",
                                "some",
                                "--data",
                                pictures.toString(),
                                "--weights",
                                weights.toString(),
                                "--size",
                                "32",
                                "--banks",
                                banks.toString(),
                                "--device",
                                "cpu",
                                "--threads",
                                "1",
                                "--decode-threads",
                                "1")));
        Path out = folder.resolve("rows");
        Path bank = banks.resolve("some");
        ends(0, Command.start(folder, List.of("embed", "bank:" + bank, "--out", out.toString())));
        ends(0, embed(pictures, folder.resolve("images"), "--split", "train"));
        List<String> ofBank = names(out);
        assertEquals(names(folder.resolve("images")), ofBank, "the names and classes of the images");
        Command sized = Command.start(folder, List.of("embed", "bank:" + bank, "--out", out + "2", "--size", "64"));
        ends(2, sized);
        assertTrue(sized.err().contains("--size goes with images; the rows of a bank"), sized.err());
        Command none = Command.start(folder, List.of("embed", "bank:" + banks, "--out", out.toString()));
        ends(1, none);
        assertTrue(none.err().contains("is no folder of a bank"), none.err());
    }

    private static List<String> names(Path out) throws IOException {
        return Files.readAllLines(out.resolve("rows.csv"));
    }
}
