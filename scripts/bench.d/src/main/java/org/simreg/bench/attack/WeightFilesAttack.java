package org.simreg.bench.attack;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.checkpoint.WeightsFile;

/**
 * An attack by files of weights, each read as every command reads them: headers that claim more than there is, nesting
 * without an end, lists that hold themselves, counts of 2^63.
 */
public final class WeightFilesAttack {
    private static final int DEEP = 1_000_000;
    private static final int PROTOCOL = 0x80;

    private WeightFilesAttack() {}

    /**
     * Prints a line for each; ends with 1 if one got through or was not answered with a sentence.
     *
     * @param arguments a folder for the files
     */
    public static void main(String[] arguments) throws IOException {
        Path folder = Files.createDirectories(Path.of(arguments[0]));
        int through = 0;
        for (Map.Entry<String, byte[]> file : files().entrySet()) {
            String kind = file.getKey().startsWith("safetensors") ? ".safetensors" : ".pth";
            Path path = Files.write(folder.resolve("weights" + kind), file.getValue());
            long begun = System.nanoTime();
            String answer = answer(path);
            through += answer.startsWith("refused: ") && answer.indexOf('\n') < 0 ? 0 : 1;
            System.out.printf(
                    "weights | %s, %,d bytes | %s (%.1f s)%n",
                    file.getKey(), file.getValue().length, answer, (System.nanoTime() - begun) / 1e9);
            Files.delete(path);
        }
        System.exit(through > 0 ? 1 : 0);
    }

    private static String answer(Path file) {
        try {
            return "read: " + WeightsFile.read(file);
        } catch (UserError e) {
            return "refused: " + e.getMessage();
        } catch (RuntimeException | Error e) {
            return "not thought of: " + e;
        }
    }

    private static Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("safetensors with a header of 2^63 - 1 bytes", safetensors(Long.MAX_VALUE, "{}"));
        files.put("safetensors with a header of -1 bytes", safetensors(-1, "{}"));
        files.put("safetensors with a million brackets", safetensors("[".repeat(DEEP)));
        files.put("safetensors with a million objects in each other", safetensors("{\"a\":".repeat(DEEP)));
        files.put("safetensors with a shape of 2^80", safetensors(tensor("4294967296,4294967296,65536", "0,4")));
        files.put("safetensors with a tensor that begins at 2^63", safetensors(tensor("1", "9223372036854775808,4")));
        files.put("safetensors with a tensor that ends before it begins", safetensors(tensor("1", "4,0")));
        files.put("a pickle of a million marks", pickle("(".repeat(DEEP)));
        files.put("a pickle of a million tuples in each other", pickle(")" + "\u0085".repeat(DEEP) + "."));
        files.put("a pickle of a million lists in each other", pickle("]".repeat(DEEP) + "a".repeat(DEEP - 1) + "."));
        files.put("a pickle of a list that holds itself", pickle("]q\0h\0a."));
        files.put("a pickle of a dictionary whose key is a list that holds itself", pickle("}]q\0h\0aNs."));
        files.put("a pickle of 2^60 strings in 60 lists", pickle("]" + "q\0]h\0ah\0a".repeat(60) + "."));
        files.put("a pickle of a string of 2^63 bytes", pickle("\u008d" + "\u00ff".repeat(7) + "\u007f."));
        files.put("a pickle of a number of 2^31 - 1 bytes", pickle("\u008b\u00ff\u00ff\u00ff\u007f."));
        files.put("a pickle with a memo at 2^32 - 1", pickle("]r\u00ff\u00ff\u00ff\u00ff."));
        files.put("a pickle of a frame of 2^63 bytes", pickle("\u0095" + "\u00ff".repeat(8) + "N."));
        files.put("a pickle that calls a million times", pickle("cos\nsystem\n" + ")R".repeat(DEEP) + "."));
        files.put("an archive of 60,000 pickles", archive(60_000));
        return files;
    }

    private static String tensor(String shape, String place) {
        return "{\"w\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%s]}}".formatted(shape, place);
    }

    private static byte[] safetensors(String header) {
        return safetensors(header.length(), header);
    }

    private static byte[] safetensors(long length, String header) {
        ByteBuffer file = ByteBuffer.allocate(8 + header.length() + 4).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(length).put(header.getBytes(StandardCharsets.ISO_8859_1));
        return file.array();
    }

    /** In an archive of PyTorch's form. */
    private static byte[] pickle(String operations) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(file)) {
            zip.putNextEntry(new ZipEntry("archive/data.pkl"));
            zip.write(PROTOCOL);
            zip.write(2);
            zip.write(operations.getBytes(StandardCharsets.ISO_8859_1));
        }
        return file.toByteArray();
    }

    private static byte[] archive(int entries) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(file)) {
            for (int i = 0; i < entries; i++) {
                zip.putNextEntry(new ZipEntry("archive" + i + "/data.pkl"));
                zip.write('N');
            }
        }
        return file.toByteArray();
    }
}
