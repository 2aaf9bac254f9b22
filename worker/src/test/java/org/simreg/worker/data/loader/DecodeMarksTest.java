package org.simreg.worker.data.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.worker.base.io.DecodeMarks;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.dataset.Tree;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

/** Tests that the image at which a process ended is known afterwards. */
@Timeout(60)
class DecodeMarksTest {
    /** Bytes of a mark; the first four are 0 where none stands. */
    private static final int SLOT = 5 << 10;

    @TempDir
    Path temporary;

    private static void picture(Path file, int side) throws IOException {
        Files.createDirectories(file.getParent());
        ImageIO.write(new BufferedImage(side, side, BufferedImage.TYPE_BYTE_BINARY), "png", file.toFile());
    }

    @Test
    void aKilledProcessLeavesTheMarkOfThePictureItWasDecoding() throws IOException, InterruptedException {
        Path slow = temporary.resolve("images/train/a/slow.png");
        picture(temporary.resolve("images/train/a/quick.png"), 10);
        picture(slow, 9000);
        Path folder = temporary.resolve("marks");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx900m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Decodes.class.getName(),
                        temporary.toString(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (DecodeMarks mine = new DecodeMarks(folder)) {
            assertEquals(folder.toString(), process.inputReader().readLine());
            Path theirs = onlyOther(folder);
            // Stopped while it decodes: a busy machine might kill it later than that.
            do {
                signal("CONT", process);
                while (!stands(theirs, "slow.png")) {
                    assertTrue(process.isAlive(), "it decodes on");
                    Thread.onSpinWait();
                }
                signal("STOP", process);
            } while (!stands(theirs, "slow.png"));
            assertEquals(List.of(), mine.takeLeft(), "it lives");
            process.destroyForcibly().waitFor();
            List<DecodeMarks.Left> left = mine.takeLeft();
            assertEquals(1, left.size(), left.toString());
            assertEquals("job-1", left.get(0).job());
            assertEquals(slow.toString(), left.get(0).image());
            assertEquals(List.of(), mine.takeLeft(), "each is told once");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static void signal(String name, Process process) throws IOException, InterruptedException {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                        .start()
                        .waitFor());
    }

    /** Whether a mark stands at a picture of this name; what was marked before stays readable behind it. */
    private static boolean stands(Path file, String name) throws IOException {
        byte[] slots = Files.readAllBytes(file);
        for (int at = 0; at < slots.length; at += SLOT) {
            String text = new String(slots, at, Math.min(SLOT, slots.length - at), StandardCharsets.ISO_8859_1);
            if (ByteBuffer.wrap(slots).getInt(at) > 0 && text.contains(name)) {
                return true;
            }
        }
        return false;
    }

    private static Path onlyOther(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> all = files.toList();
            assertEquals(2, all.size());
            String own = DecodeMarksTest.class.getName();
            return all.stream()
                    .filter(file -> contains(file, "job-1"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(own + ": no process has marked anything"));
        }
    }

    private static boolean contains(Path file, String text) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1).contains(text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Path anyIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findFirst().orElseThrow();
        }
    }

    /** Workers of one JVM look at the same time. */
    @Test
    void threadsOfOneProcessTakeEachMarkOnce() throws Exception {
        Path folder = temporary.resolve("marks");
        try (DecodeMarks mine = new DecodeMarks(folder);
                DecodeMarks other = new DecodeMarks(folder)) {
            Path own = anyIn(folder);
            for (int i = 0; i < 100; i++) {
                ByteBuffer slots = ByteBuffer.allocate((int) Files.size(own));
                slots.putInt(2).putInt(3).put("j".getBytes(StandardCharsets.UTF_8));
                slots.put("%03d".formatted(i).getBytes(StandardCharsets.UTF_8));
                Files.write(folder.resolve(i + own.getFileName().toString()), slots.array());
            }
            List<CompletableFuture<List<DecodeMarks.Left>>> taking = Stream.of(mine, other, mine, other)
                    .map(marks -> CompletableFuture.supplyAsync(marks::takeLeft))
                    .toList();
            List<String> images = taking.stream()
                    .flatMap(taken -> taken.join().stream())
                    .map(DecodeMarks.Left::image)
                    .sorted()
                    .toList();
            assertEquals(IntStream.range(0, 100).mapToObj("%03d"::formatted).toList(), images);
        }
    }

    @Test
    void whatWasDecodedIsNotMarkedAndClosedMarksLeaveNoFile() throws IOException {
        Path folder = temporary.resolve("marks");
        try (DecodeMarks marks = new DecodeMarks(folder)) {
            Notices.Mark first = marks.mark("job", "/a.png");
            Notices.Mark second = marks.mark("job", "/b.png");
            first.close();
            second.close();
            // More threads than there are marks go without.
            List<Notices.Mark> many = IntStream.range(0, 100)
                    .mapToObj(i -> marks.mark("job", "x".repeat(9000)))
                    .toList();
            many.forEach(Notices.Mark::close);
            try (DecodeMarks other = new DecodeMarks(folder)) {
                assertEquals(List.of(), other.takeLeft(), "of the same process");
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(), files.toList());
        }
    }

    /** A process that decodes pictures until it is killed. */
    static final class Decodes {
        public static void main(String[] arguments) throws IOException {
            DecodeMarks marks = new DecodeMarks(Path.of(arguments[1]));
            Notices notices = new Notices() {
                @Override
                public void accept(String said) {
                    System.err.println(said);
                }

                @Override
                public Mark decoding(String location) {
                    return marks.mark("job-1", location);
                }
            };
            BatchLoader.Settings settings = new BatchLoader.Settings(1, 1, 5);
            Stream<BatchLoader.Request> requests = Stream.generate(() ->
                    new BatchLoader.Request(0, new int[] {0, 1}, View.each(new ViewRecipe.RandomView(16, 0.2, false))));
            try (BatchLoader loader = new BatchLoader(
                            new Tree(Path.of(arguments[0])).open().train(), settings, notices);
                    BatchStream batches = loader.batches(requests.iterator())) {
                batches.next().close();
                System.out.println(arguments[1]);
                while (batches.hasNext()) {
                    batches.next().close();
                }
            }
        }
    }
}
