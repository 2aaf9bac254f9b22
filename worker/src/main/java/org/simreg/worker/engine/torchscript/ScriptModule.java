package org.simreg.worker.engine.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.LibtorchFailure;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.script.ScriptArchive;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A TorchScript file from outside as a frozen network from images to features. The file gets (N, 3,
 * H, W), float32 or of its own type, normalised as asked for, and must give (N, D) or what {@link Wanted} makes that of.
 * It computes in its own types, or one of float32 in bfloat16 as under {@code torch.autocast}.
 */
public final class ScriptModule implements AutoCloseable {
    /** Types of numbers besides float32, by c10::ScalarType. */
    private static final Map<DType, Integer> OTHERS =
            Map.of(DType.FLOAT16, 5, DType.FLOAT64, 7, DType.BFLOAT16, ScriptSource.BFLOAT16);

    private static final String FLOAT32 = "pixels";

    private final Torch torch;
    private final Path file;
    private final boolean bfloat16;
    private final String option;
    private final ModuleOutput wanted;
    private final TorchModule module;
    private final TorchModule pixels;

    /** Makes the images that the module gets. */
    private String method = FLOAT32;

    /**
     * A module that wants ImageNet's mean and deviation.
     *
     * @throws UserError if libtorch can't load the file
     */
    public ScriptModule(Torch torch, Path file) {
        this(torch, file, Pixels.IMAGENET);
    }

    /**
     * A module that wants its pixels normalised in a way of its own.
     *
     * @param wanted pixels that the module wants
     * @throws UserError if libtorch can't load the file
     */
    public ScriptModule(Torch torch, Path file, Pixels wanted) {
        this(torch, file, wanted, new Wanted("", "--teacher-output"));
    }

    /**
     * What is wanted of a module that doesn't give just a feature.
     *
     * @param text {@code cls}, {@code mean}, {@code cls+mean}, a key or a place; empty: it gives a feature
     * @param option that the text came from, for messages
     */
    public record Wanted(String text, String option) {}

    /**
     * A module that gives more than a feature.
     *
     * @param pixels that the module wants
     * @param output what is wanted of what it gives
     * @throws UserError if libtorch can't load the file
     */
    public ScriptModule(Torch torch, Path file, Pixels pixels, Wanted output) {
        this(torch, file, pixels, output, false);
    }

    /**
     * A module whose arithmetic may be reduced.
     *
     * @param pixels that the module wants
     * @param output what is wanted of what it gives
     * @param autocast whether it computes in bfloat16 with sums in float32, unless all its numbers are of another type
     *     than float32
     * @throws UserError if libtorch can't load the file
     */
    public ScriptModule(Torch torch, Path file, Pixels pixels, Wanted output, boolean autocast) {
        if (!Files.isReadable(file)) {
            throw new UserError("the TorchScript file " + file + " can't be read; check its path and permissions");
        }
        this.torch = torch;
        this.file = file;
        option = output.option;
        wanted = ModuleOutput.of(output.text);
        torch.enter();
        try {
            module = TorchModule.foreign(torch, file);
        } catch (EngineException e) {
            throw new UserError(
                    file + " is no TorchScript file that libtorch can load (" + LibtorchFailure.reason(e)
                            + "); write it with torch.jit.save",
                    e);
        }
        bfloat16 = autocast && otherType().isEmpty();
        ScriptSource source = new ScriptSource().method("pixels(self, images: Tensor) -> Tensor");
        source.line("return %s", PixelCode.append(source, pixels, false));
        for (DType type : OTHERS.keySet()) {
            source.method(cast(type) + "(self, images: Tensor) -> Tensor");
            source.line("return torch.to(self.pixels(images), %d)", OTHERS.get(type));
        }
        ModuleOutput.append(source);
        this.pixels = TorchModule.load(torch, CodeArchive.of("Pixels", List.of(), source.toString()));
    }

    private static String cast(DType type) {
        return "pixels_" + type.name().toLowerCase(Locale.ROOT);
    }

    /** Whether it computes in bfloat16 though it was written in float32. */
    public boolean bfloat16() {
        return bfloat16;
    }

    /**
     * The features of images.
     *
     * @param images (N, H, W, 3) uint8
     * @return (N, D) float32, any length
     * @throws UserError if the module fails or gives anything else
     */
    public NDArray features(NDManager scope, NDArray images) {
        long rows = images.getShape().get(0);
        try (NDList results = run(scope, images)) {
            NDArray result = wanted.among(results).orElse(null);
            String method = result == null
                    ? null
                    : wanted.method(result.getShape(), rows).orElse(null);
            if (method == null) {
                throw new UserError(file + " " + wanted.advice(results, option, rows));
            }
            // By libtorch: DJL doesn't know bfloat16.
            return pixels.call(scope, method, result).get(0);
        }
    }

    private NDList run(NDManager scope, NDArray images) {
        return bfloat16 ? runInBfloat16(scope, images) : runAsWritten(scope, images);
    }

    /** What fails is tried as it was written, to tell whether bfloat16 is the reason. */
    private NDList runInBfloat16(NDManager scope, NDArray images) {
        try {
            return torch.inBfloat16(() -> run(scope, images, FLOAT32));
        } catch (EngineException e) {
            if (LibtorchFailure.explained(e) == e) {
                runAsWritten(scope, images).close();
                throw new UserError(
                        "%s failed on images %s in bfloat16 (torch.autocast), and works in float32: %s; choose %s"
                                .formatted(
                                        file,
                                        shown(images),
                                        LibtorchFailure.reason(e),
                                        "precision float32, or convert what it multiplies to one type in its code"),
                        e);
            }
            throw failed(images, e);
        } catch (UnsupportedOperationException e) {
            throw failed(images, e);
        }
    }

    /** A module of another type than float32 gets images of its own type, once float32 has failed. */
    private NDList runAsWritten(NDManager scope, NDArray images) {
        try {
            return run(scope, images, method);
        } catch (EngineException e) {
            String other = method.equals(FLOAT32) ? otherType() : "";
            if (!other.isEmpty()) {
                try {
                    NDList results = run(scope, images, other);
                    method = other;
                    return results;
                } catch (EngineException second) {
                    throw failed(images, second);
                }
            }
            throw failed(images, e);
        } catch (UnsupportedOperationException e) {
            // DJL refuses what it has no Java value for, such as a number.
            throw failed(images, e);
        }
    }

    private NDList run(NDManager scope, NDArray images, String cast) {
        try (NDArray normalised = pixels.call(scope, cast, images).get(0)) {
            return module.call(scope, "forward", normalised);
        }
    }

    /** The type of all of the module's numbers, if that is another than float32. */
    private String otherType() {
        try {
            StateDict tensors = WeightsFile.read(file);
            Set<DType> types = tensors.names().stream()
                    .map(tensors::dtype)
                    .filter(DType::isFloat)
                    .collect(Collectors.toSet());
            DType only = types.size() == 1 ? types.iterator().next() : DType.FLOAT32;
            return OTHERS.containsKey(only) ? cast(only) : "";
        } catch (UserError withoutTensors) {
            return "";
        }
    }

    private UserError failed(NDArray images, RuntimeException e) {
        String reason = LibtorchFailure.reason(e);
        String wayOut = LibtorchFailure.wayOut(reason, ScriptArchive.code(file), torch.cuda());
        return new UserError("%s failed on images %s: %s%s".formatted(file, shown(images), reason, wayOut), e);
    }

    private static Shape shown(NDArray images) {
        Shape shape = images.getShape();
        return new Shape(shape.get(0), 3, shape.get(1), shape.get(2));
    }

    @Override
    public void close() {
        pixels.close();
        module.close();
    }

    /**
     * The choice of a feature (N, D) in what a TorchScript module gives: a key of a dict or a place in a tuple, and of
     * tokens (N, T, D) the first, the mean of the others, or both.
     *
     * @param key empty: the only tensor
     * @param tokens {@code cls}, {@code mean}, {@code cls+mean} or {@code mean-all}; empty: the tensor is a feature
     */
    private record ModuleOutput(String key, String tokens) {
        private static final List<String> TOKENS = List.of("cls", "mean", "cls+mean", "mean-all");

        private static final String WAYS = "cls (the first token), mean (of the others), cls+mean or mean-all";

        /**
         * Reads an option.
         *
         * @param text {@code cls}, {@code KEY}, {@code INDEX}, or {@code KEY:mean}; empty: nothing is chosen
         */
        static ModuleOutput of(String text) {
            String asked = text.strip();
            if (TOKENS.contains(asked)) {
                return new ModuleOutput("", asked);
            }
            int colon = asked.lastIndexOf(':');
            boolean both = colon >= 0 && TOKENS.contains(asked.substring(colon + 1));
            return both
                    ? new ModuleOutput(asked.substring(0, colon), asked.substring(colon + 1))
                    : new ModuleOutput(asked, "");
        }

        /** The methods that {@link #method} names, as TorchScript source. */
        static void append(ScriptSource source) {
            String[][] methods = {
                {"single", "x"},
                {"flat", "torch.flatten(x, 1)"},
                {"pooled", "torch.mean(x, [2, 3])"},
                {"first", "torch.select(x, 1, 0)"},
                {"others", "torch.mean(torch.slice(x, 1, 1, 9223372036854775807, 1), [1])"},
                {"all", "torch.mean(x, [1])"},
                {"both", "torch.cat([self.first(x), self.others(x)], 1)"}
            };
            for (String[] method : methods) {
                source.method(method[0] + "(self, features: Tensor) -> Tensor");
                source.line("x = torch.to(features, %d)", ScriptSource.FLOAT32);
                source.line("return %s", method[1]);
            }
        }

        /** The tensor that is meant; empty if there is none, or several and none is asked for. */
        Optional<NDArray> among(NDList results) {
            if (key.isEmpty()) {
                return results.size() == 1 ? Optional.of(results.get(0)) : Optional.empty();
            }
            Optional<NDArray> named = results.stream()
                    .filter(result -> key.equals(result.getName()))
                    .findFirst();
            boolean place =
                    named.isEmpty() && key.matches("\\d{1,4}") && results.get(0).getName() == null;
            return place && Integer.parseInt(key) < results.size()
                    ? Optional.of(results.get(Integer.parseInt(key)))
                    : named;
        }

        /**
         * The method that makes a feature of a tensor of that shape; empty if none does.
         *
         * @param rows images
         */
        Optional<String> method(Shape shape, long rows) {
            if (shape.dimension() < 2 || shape.get(0) != rows) {
                return Optional.empty();
            }
            boolean pixel = shape.dimension() == 4 && shape.get(2) == 1 && shape.get(3) == 1;
            return Optional.ofNullable(
                    switch (shape.dimension()) {
                        case 2 -> tokens.isEmpty() ? "single" : null;
                        case 3 -> ofTokens(shape.get(1));
                        case 4 -> pixel && tokens.isEmpty() ? "flat" : tokens.startsWith("mean") ? "pooled" : null;
                        default -> null;
                    });
        }

        private String ofTokens(long count) {
            return switch (tokens) {
                case "cls" -> "first";
                case "mean" -> count > 1 ? "others" : null;
                case "cls+mean" -> count > 1 ? "both" : null;
                case "mean-all" -> "all";
                default -> null;
            };
        }

        /** Words of the option, behind the key or place that is asked for. */
        private String behind(String ways) {
            return key.isEmpty()
                    ? ways
                    : key + ":"
                            + ways.replaceAll("(, | or )(cls|mean)", "$1" + Matcher.quoteReplacement(key + ":") + "$2");
        }

        /** What a module gave and what can be asked for instead, for people. */
        String advice(NDList results, String option, long rows) {
            boolean dict = results.stream().anyMatch(result -> result.getName() != null);
            if (results.size() == 1 && among(results).isEmpty()) {
                String name = Optional.ofNullable(results.get(0).getName()).orElse("a single tensor");
                Shape shape = results.get(0).getShape();
                return "gave %s %s, and nothing that is called %s; %s"
                        .formatted(
                                name,
                                shape,
                                key,
                                shape.dimension() == 3
                                        ? "choose of its tokens by " + option + " " + WAYS
                                        : "leave " + option + " out");
            }
            if (results.size() > 1 && among(results).isEmpty()) {
                String all = dict
                        ? results.stream()
                                .map(result -> result.getName() + " " + result.getShape())
                                .sorted()
                                .collect(Collectors.joining(", "))
                        : IntStream.range(0, results.size())
                                .mapToObj(i -> i + " " + results.get(i).getShape())
                                .collect(Collectors.joining(", "));
                return "gave several tensors (%s); choose one by %s, of tokens with its way behind a colon (%s:cls)"
                        .formatted(all, option, dict ? results.get(0).getName() : "0");
            }
            Shape shape = among(results).map(NDArray::getShape).orElse(new Shape());
            String gave = "gave a tensor of shape " + shape;
            if (shape.dimension() > 0 && shape.get(0) != rows) {
                return gave + " for " + rows
                        + " images; it must give one row an image: a trace holds the batch size that it was"
                        + " made with, so save it with torch.jit.script, or trace it with x.flatten(1) in place of x.view(1, -1)";
            } else if (shape.dimension() == 3) {
                return gave + ", which are tokens; choose by " + option + " " + behind(WAYS);
            } else if (shape.dimension() == 4) {
                return gave + ", which are maps; choose their mean by " + option + " " + behind("mean");
            }
            return gave + "; it must give one of shape (N, D)";
        }
    }
}
