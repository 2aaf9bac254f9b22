package org.simreg.bench.attack;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.simreg.proto.CreateBankRequest;

/**
 * An attack on the coordinator's memory and file threads by banks of files that are traps: pipes, devices, holes of 6
 * GB, a billion rows. Each must fail with a sentence; a good bank at the end shows that nothing is held up.
 */
public final class BankFilesAttack {
    private static final int ROWS = 100;

    private BankFilesAttack() {}

    /**
     * @param arguments host and port of a coordinator; a folder that it sees
     */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments[1]).toAbsolutePath());
        Path good = matrix(folder.resolve("good.npy"), ROWS, 4, true);
        Map<String, CreateBankRequest> banks = new TreeMap<>();
        for (int i = 0; i < 4; i++) {
            banks.put("features from pipe " + i, request("pipe" + i, pipe(folder.resolve("pipe" + i)), null, null));
        }
        banks.put("features from /dev/zero", request("zero", Path.of("/dev/zero"), null, null));
        banks.put("features that are a folder", request("folder", folder, null, null));
        banks.put("labels from a pipe", request("labels", good, pipe(folder.resolve("labels")), null));
        banks.put("names from /dev/random", request("names", good, null, Path.of("/dev/random")));
        banks.put("labels that are 6 GB of nothing", request("hole", good, hole(folder.resolve("hole")), null));
        banks.put("names that are 6 GB of nothing", request("hole2", good, null, hole(folder.resolve("hole"))));
        Path billion = matrix(folder.resolve("billion.npy"), 999_999_999, 1, false);
        banks.put("a matrix of 999,999,999 rows, all of them holes", request("billion", billion, null, null));
        banks.put(
                "the same with labels",
                request("billion2", billion, Files.writeString(folder.resolve("two"), "a\nb\n"), null));
        Path objects = objects(folder.resolve("objects.npy"));
        banks.put("a matrix of Python objects", request("objects", objects, null, null));
        banks.put(
                "a matrix of 9,999,999 features a row",
                request("wide", matrix(folder.resolve("wide.npy"), 100, 9_999_999, false), null, null));
        try (AttackedBanks attacked = new AttackedBanks("bank files", arguments[0])) {
            banks.forEach((what, request) -> attacked.trial(what, AttackedBanks.FAILED, () -> attacked.made(request)));
            CreateBankRequest last = request("good", good, null, null);
            attacked.trial("a good bank after all of them", AttackedBanks.READY, () -> attacked.made(last));
            attacked.trial("the pickle's file", "absent", () -> Files.exists(executed(objects)) ? "there" : "absent");
            banks.values().forEach(request -> attacked.delete(request.getName()));
            attacked.delete("attack-good");
        }
    }

    private static CreateBankRequest request(String name, Path features, Path labels, Path files) {
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName("attack-" + name);
        request.getSourceBuilder()
                .getFeaturesBuilder()
                .setFeatures(features.toString())
                .setLabels(labels == null ? "" : labels.toString())
                .setFiles(files == null ? "" : files.toString());
        return request.build();
    }

    private static Path pipe(Path file) throws IOException, InterruptedException {
        Files.deleteIfExists(file);
        new ProcessBuilder("mkfifo", file.toString()).inheritIO().start().waitFor();
        return file;
    }

    private static Path hole(Path file) throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(6_000_000_000L);
        }
        return file;
    }

    /** What a pickle that is run makes. */
    private static Path executed(Path file) {
        return file.resolveSibling("executed");
    }

    /** As NumPy writes it: a pickle follows the head. */
    private static Path objects(Path file) throws IOException {
        byte[] head =
                "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }".getBytes(StandardCharsets.ISO_8859_1);
        byte[] pickle = ("cos\nsystem\n(S'touch " + executed(file) + "'\ntR.").getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer bytes = ByteBuffer.allocate(10 + head.length + pickle.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.ISO_8859_1));
        bytes.put((byte) 1)
                .put((byte) 0)
                .putShort((short) head.length)
                .put(head)
                .put(pickle);
        return Files.write(file, bytes.array());
    }

    /** A matrix of float16, of ones or of a hole. */
    private static Path matrix(Path file, int rows, int features, boolean ones) throws IOException {
        String text = "{'descr': '<f2', 'fortran_order': False, 'shape': (%d, %d), }".formatted(rows, features);
        byte[] head = text.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer begin = ByteBuffer.allocate(10 + head.length).order(ByteOrder.LITTLE_ENDIAN);
        begin.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.ISO_8859_1));
        begin.put((byte) 1).put((byte) 0).putShort((short) head.length).put(head);
        Files.deleteIfExists(file);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(begin.array());
            for (int i = 0; ones && i < rows * features; i++) {
                out.write(new byte[] {0, 0x3C});
            }
            out.setLength(begin.capacity() + 2L * rows * features);
        }
        return file;
    }
}
