package org.simreg.worker.inspect;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.Container;
import org.simreg.worker.checkpoint.Contents;
import org.simreg.worker.checkpoint.DType;
import org.simreg.worker.checkpoint.StateDict;

/**
 * Everything that {@code simreg inspect} tells of a file.
 *
 * @param sha256 of the file, hexadecimal
 * @param methods of a TorchScript archive, "forward(x: Tensor) -> Tensor"
 */
public record Inspection(
        Path file, String sha256, Contents contents, Recognised recognised, List<String> methods) {
    /** What tells a run's checkpoint from other safetensors files. */
    private static final List<String> RUN = List.of("step", "job", "profile", "images", "sha256");

    /**
     * Reads the file once for its digest and its headers for the rest.
     *
     * @throws UserError if it can't be read, is damaged, or holds no weights
     */
    public static Inspection of(Path file) {
        Contents contents = Checkpoints.contents(file);
        List<String> methods =
                contents.container() == Container.TORCHSCRIPT
                        ? ScriptMethods.of(file, contents.type())
                        : List.of();
        return new Inspection(
                file, digest(file), contents, Recognition.of(contents.tensors()), methods);
    }

    /** Whether it is a checkpoint of a simreg run. */
    public boolean isRun() {
        return contents.notes().keySet().containsAll(RUN);
    }

    /** Number of values in all tensors. */
    public long values() {
        StateDict tensors = contents.tensors();
        return tensors.names().stream()
                .mapToLong(name -> Arrays.stream(tensors.shape(name)).reduce(1, (a, b) -> a * b))
                .sum();
    }

    /** Number of tensors of each element type. */
    public Map<DType, Integer> types() {
        Map<DType, Integer> types = new TreeMap<>();
        StateDict tensors = contents.tensors();
        tensors.names().forEach(name -> types.merge(tensors.dtype(name), 1, Integer::sum));
        return types;
    }

    private static String digest(Path file) {
        try (InputStream in = Files.newInputStream(file);
                DigestInputStream digest =
                        new DigestInputStream(in, MessageDigest.getInstance("SHA-256"))) {
            byte[] buffer = new byte[1 << 16];
            while (digest.read(buffer) >= 0) {
                // reading is all that the digest needs
            }
            return HexFormat.of().formatHex(digest.getMessageDigest().digest());
        } catch (IOException e) {
            throw new UserError("Can't read %s: %s".formatted(file, e.getMessage()), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
