package org.simreg.worker.weights.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.Weight.Kind;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Names, shapes and features of networks as other libraries make them, by {@code scripts/fixtures/hubs.py}. */
public final class HubFixture {
    private HubFixture() {}

    /** Shapes by name, in the library's order, without the counters of batches. */
    public static Map<String, long[]> shapes(String name) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        try {
            for (String line : Files.readAllLines(resource(name + ".txt"))) {
                String[] words = line.split(" ", -1);
                shapes.put(
                        words[0],
                        Arrays.stream(words[1].split(","))
                                .filter(size -> !size.isEmpty())
                                .mapToLong(Long::parseLong)
                                .toArray());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return shapes;
    }

    /** Tensors of zeros, names behind a prefix. */
    public static StateDict zeros(String name, String prefix) {
        return zeros(shapes(name), prefix);
    }

    static StateDict zeros(Map<String, long[]> shapes, String prefix) {
        Map<String, LazyTensor> tensors = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> tensors.put(
                prefix + name,
                new LazyTensor(
                        DType.FLOAT32,
                        shape,
                        () -> ByteBuffer.allocate((int) (Float.BYTES * HostTensor.count(shape))))));
        return new StateDict(tensors);
    }

    /** The values that {@code weights.py} fills in. */
    public static StateDict filled(String name) {
        Map<String, long[]> shapes = shapes(name);
        return StateDict.lazy(
                shapes, tensor -> TestWeights.values(new Weight(tensor, shapes.get(tensor), kind(tensor, shapes))));
    }

    private static Kind kind(String name, Map<String, long[]> shapes) {
        int dot = name.lastIndexOf('.');
        if (name.matches(".*(token|tokens|embed|embeddings|gamma|lambda1|layer_scale|layer_scale_parameter)")) {
            return Kind.PARAMETER;
        }
        if (name.matches(".*norm(1|2|_before|_after)?\\.(weight|bias)")) {
            return name.endsWith("weight") ? Kind.NORM_SCALE : Kind.NORM_SHIFT;
        }
        long[] weight = shapes.get(name.substring(0, dot) + ".weight");
        boolean norm = weight != null && weight.length == 1;
        return switch (name.substring(dot + 1)) {
            case "running_mean" -> Kind.RUNNING_MEAN;
            case "running_var" -> Kind.RUNNING_VARIANCE;
            case "bias" -> norm ? Kind.NORM_SHIFT : Kind.LINEAR_BIAS;
            default -> norm ? Kind.NORM_SCALE : shapes.get(name).length == 4 ? Kind.CONVOLUTION : Kind.LINEAR;
        };
    }

    /** (2, up to 512), what float64 arithmetic gave. */
    public static float[] features(String name) {
        float[] both = WeightsFile.read(resource(name + ".safetensors"))
                .get("features")
                .floats();
        return Arrays.copyOfRange(both, both.length / 2, both.length);
    }

    private static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(HubFixture.class.getResource("/fixtures/hubs/" + name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
