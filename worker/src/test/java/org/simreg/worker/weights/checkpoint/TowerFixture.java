package org.simreg.worker.weights.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * Names, shapes and features of vision transformers as other libraries make them, by {@code scripts/fixtures/towers.py}.
 *
 * @param depth blocks of the whole network
 * @param computed first blocks by which the features were made
 * @param weights of the first block and outside of blocks, in the library's order
 */
public record TowerFixture(String name, int depth, int computed, List<Weight> weights) {
    private static final Pattern FIRST_BLOCK = Pattern.compile("(.*?(?:blocks|layers?|resblocks)\\.)0(\\..*)");

    /** The fixture of that name. */
    public static TowerFixture read(String name) {
        try {
            List<String> lines = Files.readAllLines(resource(name + ".txt"));
            List<Weight> weights = new ArrayList<>();
            for (String line : lines.subList(1, lines.size())) {
                String[] words = line.split(" ", -1);
                long[] shape = Arrays.stream(words[1].split(","))
                        .mapToLong(Long::parseLong)
                        .toArray();
                weights.add(new Weight(words[0], shape, Weight.Kind.valueOf(words[2])));
            }
            String[] blocks = lines.get(0).split(" ", -1);
            return new TowerFixture(name, Integer.parseInt(blocks[0]), Integer.parseInt(blocks[1]), weights);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The tensors of a file with so many blocks; values are made when they are asked for. */
    public StateDict file(int blocks) {
        Map<String, LazyTensor> tensors = new LinkedHashMap<>();
        for (Weight weight : weights) {
            Matcher first = FIRST_BLOCK.matcher(weight.name());
            if (!first.matches()) {
                put(tensors, weight);
                continue;
            }
            for (int block = 0; block < blocks; block++) {
                put(tensors, new Weight(first.group(1) + block + first.group(2), weight.shape(), weight.kind()));
            }
        }
        return new StateDict(tensors);
    }

    /** The weights of the network that the features were made by, each value made once. */
    public StateDict weights(NetworkGraph shallow) {
        StateDict found = NetworkFit.fit(file(computed), shallow, name);
        Map<String, HostTensor> made = new LinkedHashMap<>();
        found.names().forEach(tensor -> made.put(tensor, found.get(tensor)));
        return StateDict.of(made);
    }

    private static void put(Map<String, LazyTensor> tensors, Weight weight) {
        LazyTensor tensor = new LazyTensor(
                DType.FLOAT32,
                weight.shape(),
                () -> HostTensor.of(TestWeights.values(weight), weight.shape()).data());
        tensors.put(weight.name(), tensor);
    }

    /** Two rows of numbers that float64 arithmetic gave: {@code features}, {@code mean}. */
    public float[] truth(String of) {
        float[] both = WeightsFile.read(resource(name + ".safetensors")).get(of).floats();
        return Arrays.copyOfRange(both, both.length / 2, both.length);
    }

    /** A vision transformer's first blocks, and what stands before and behind the blocks. */
    public NetworkGraph shallow(NetworkGraph network) {
        Map<Integer, Integer> numbers = new LinkedHashMap<>(Map.of(-1, -1, 0, 0));
        List<NetworkGraph.Node> kept = new ArrayList<>();
        int last = 0;
        for (int i = 0; i < network.nodes().size(); i++) {
            NetworkGraph.Node node = network.nodes().get(i);
            boolean dropped = node.name().startsWith("blocks.")
                    && Integer.parseInt(node.name().split("\\.")[1]) >= computed;
            if (!dropped) {
                int input = numbers.get(node.input());
                kept.add(new NetworkGraph.Node(node.name(), node.op(), input, numbers.get(node.second())));
                last = kept.size();
            }
            numbers.put(i + 1, last);
        }
        return new NetworkGraph(network.name(), kept, network.inputs(), network.outputs());
    }

    private static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(TowerFixture.class.getResource("/fixtures/towers/" + name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
