package org.simreg.worker.weights.format.script;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.StorageWatch;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.weights.format.StoredZip;
import org.simreg.worker.weights.format.ZipDirectory;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.MappedFile;

/**
 * A copy of a TorchScript archive from outside, made for libtorch: it holds the entries that make the module and
 * nothing else, each once, as they were read and found to compute only ({@link ScriptOperators}). A file that is changed
 * meanwhile, or that other readers of zips see otherwise, changes nothing in it.
 */
public final class ScriptCopy {
    private static final Pattern SMALL =
            Pattern.compile("code/.*\\.py|data\\.pkl|constants\\.pkl|version|byteorder|\\.data/\\w+");
    private static final Pattern WEIGHTS = Pattern.compile("(data|constants)/\\w+");
    private static final int MOST_BYTES = 1 << 26;

    private ScriptCopy() {}

    /** Whether an entry is a part of the module; others are passed over. */
    static boolean isPart(String name) {
        return SMALL.matcher(name).matches() || WEIGHTS.matcher(name).matches();
    }

    /**
     * Writes the copy.
     *
     * @param out at position 0
     * @throws UserError if the file is no TorchScript archive, is damaged, or uses operators that don't only compute
     */
    @SuppressWarnings("try") // the read is there for the watch to see
    public static void write(Path file, FileChannel out) {
        try (StorageWatch.Read read = StorageWatch.here(file)) {
            UserFile.requireRegular(file);
            copy(file, out);
        } catch (IOException e) {
            throw new UserError("Can't run the TorchScript file %s: %s".formatted(file, Disk.reason(e)), e);
        }
    }

    private static void copy(Path file, FileChannel out) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile());
                StoredZip copy = new StoredZip(out)) {
            Map<String, ZipEntry> parts = parts(zip);
            ZipDirectory directory = new ZipDirectory(MappedFile.open(file));
            Map<String, byte[]> small = new LinkedHashMap<>();
            for (Map.Entry<String, ZipEntry> part : parts.entrySet()) {
                if (SMALL.matcher(part.getKey()).matches()) {
                    small.put(part.getKey(), bytes(zip, part.getValue()));
                }
            }
            if (!small.containsKey("data.pkl")) {
                throw new CorruptFile(
                        "it is no TorchScript file: it has no record data.pkl; write it with torch.jit.save");
            }
            ScriptOperators.requireOnlyCompute(small);
            for (Map.Entry<String, ZipEntry> part : parts.entrySet()) {
                byte[] bytes = small.get(part.getKey());
                copy.add(
                        "archive/" + part.getKey(),
                        bytes == null ? directory.data(part.getValue().getName()) : ByteBuffer.wrap(bytes));
            }
        } catch (ZipException e) {
            throw new CorruptFile("it is no TorchScript file, or a damaged one; write it with torch.jit.save");
        }
    }

    /** The entries of the module by their names without the folder that all lie in. */
    private static Map<String, ZipEntry> parts(ZipFile zip) throws CorruptFile {
        Map<String, ZipEntry> parts = new LinkedHashMap<>();
        Set<String> seen = new HashSet<>();
        for (ZipEntry entry : zip.stream().toList()) {
            String name = entry.getName().substring(entry.getName().indexOf('/') + 1);
            // libtorch doesn't tell capital letters from small ones.
            if (!seen.add(name.toLowerCase(Locale.ROOT))) {
                throw new CorruptFile("its record " + Disk.printable(name) + " is there twice");
            }
            if (isPart(name)) {
                parts.put(name, entry);
            }
        }
        return parts;
    }

    private static byte[] bytes(ZipFile zip, ZipEntry entry) throws IOException {
        try (InputStream in = zip.getInputStream(entry)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw new CorruptFile(
                        "its record %s has more than %d bytes".formatted(Disk.printable(entry.getName()), MOST_BYTES));
            }
            return bytes;
        }
    }
}
