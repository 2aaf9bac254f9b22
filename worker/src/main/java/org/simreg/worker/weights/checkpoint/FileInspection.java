package org.simreg.worker.weights.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.format.ParsedFile;
import org.simreg.worker.weights.part.Part;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The inspection of a file: everything that {@code simreg inspect} tells of it.
 *
 * @param sha256 of the file, hexadecimal
 * @param usual the one of several networks that is taken where none is asked for; empty if that can't be told
 * @param methods of a TorchScript archive, "forward(x: Tensor) -> Tensor"
 */
public record FileInspection(
        Path file,
        String sha256,
        WeightsFile.Contents contents,
        RecognizedFile recognised,
        Optional<Part> usual,
        List<String> methods) {
    /** What tells a run's checkpoint from other safetensors files. */
    private static final List<String> RUN = List.of("step", "job", "profile", "images", "sha256");

    /**
     * Reads the file once for its digest and its headers for the rest.
     *
     * @param asked the networks that are told of
     * @throws UserError if it can't be read, is damaged, or holds no weights or not those that are asked for
     */
    public static FileInspection of(Path file, PartRequest asked) {
        WeightsFile.Contents contents = WeightsFile.contents(file);
        List<String> methods = contents.container() == ParsedFile.Container.TORCHSCRIPT
                ? ScriptMethods.of(file, contents.type())
                : List.of();
        RecognizedFile recognised = NetworkRecognizer.of(contents.tensors());
        RecognizedFile shown = asked.isAny() ? recognised : recognised.only(asked, file.toString());
        return new FileInspection(file, digest(file), contents, shown, usual(recognised, file), methods);
    }

    private static Optional<Part> usual(RecognizedFile recognised, Path file) {
        try {
            return recognised.networks().size() < 2
                    ? Optional.empty()
                    : Optional.of(recognised
                            .network(PartRequest.ANY, file.toString(), notice -> {})
                            .part());
        } catch (UserError tie) {
            return Optional.empty();
        }
    }

    /** Names of the tensors that belong to the networks told of; all names where there is none. */
    public List<String> keys() {
        List<String> prefixes = recognised.parts().stream().map(Part::prefix).toList();
        return contents.tensors().names().stream()
                .filter(name -> prefixes.isEmpty() || prefixes.stream().anyMatch(name::startsWith))
                .toList();
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
        try {
            return WeightsFile.sha256(file);
        } catch (IOException e) {
            throw new UserError("Can't read %s: %s".formatted(file, e.getMessage()), e);
        }
    }

    /** The methods of a TorchScript archive's outermost class, by the source that it carries. */
    private static final class ScriptMethods {
        private static final int MOST_BYTES = 1 << 23;
        private static final Pattern METHOD =
                Pattern.compile("\n  def (\\w+)\\((.*?)\\)( -> [^\n]*)?:\n", Pattern.DOTALL);

        private ScriptMethods() {}

        /**
         * @param type of the outermost object, {@code __torch__.place.Net}
         * @return "forward(x: Tensor) -> Tensor"; none if the source is not where the type says
         * @throws UserError if the archive can't be read
         */
        static List<String> of(Path file, String type) {
            int dot = type.lastIndexOf('.');
            if (dot < 0) {
                return List.of();
            }
            String source = "code/" + type.substring(0, dot).replace('.', '/') + ".py";
            try (ZipFile zip = new ZipFile(file.toFile())) {
                ZipEntry entry = zip.stream()
                        .filter(e -> e.getName().endsWith("/" + source))
                        .findFirst()
                        .orElse(null);
                if (entry == null) {
                    return List.of();
                }
                try (InputStream in = zip.getInputStream(entry)) {
                    byte[] code = in.readNBytes(MOST_BYTES);
                    return methods(new String(code, StandardCharsets.UTF_8), type.substring(dot + 1));
                }
            } catch (IOException e) {
                throw new UserError(
                        "Can't read the methods of %s: its archive is damaged; copy it again".formatted(file), e);
            }
        }

        private static List<String> methods(String code, String name) {
            String begin = "class " + name + "(Module):";
            int from = code.indexOf(begin);
            if (from < 0) {
                return List.of();
            }
            int next = code.indexOf("\nclass ", from);
            Matcher method = METHOD.matcher(code.substring(from, next < 0 ? code.length() : next));
            List<String> methods = new ArrayList<>();
            while (method.find()) {
                String arguments = method.group(2).replaceAll("\\s+", " ").strip();
                arguments = arguments.replaceFirst("^self(: [\\w.]+)?(, )?", "");
                String result = method.group(3) == null ? "" : method.group(3);
                methods.add(method.group(1) + "(" + arguments + ")" + result);
            }
            return methods;
        }
    }
}
