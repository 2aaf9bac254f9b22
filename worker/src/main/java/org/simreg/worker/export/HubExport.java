package org.simreg.worker.export;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.export.StudentExport.Format;
import org.simreg.worker.network.LayerNames;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Stage;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.format.TorchZip;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A network's weights under the names of another library, which loads them strictly: safetensors and .pth. Hugging
 * Face's safetensors stand in a folder with the config.json that {@code from_pretrained} asks for.
 */
final class HubExport {
    private final Network network;
    private final NetworkGraph graph;
    private final NamingLayout layout;
    private final StateDict weights;
    private final Map<String, String> notes;

    private HubExport(Network network, NamingLayout layout, StateDict weights, Map<String, String> notes) {
        this.network = network;
        this.graph = Networks.backbone(network);
        this.layout = layout;
        this.weights = weights;
        this.notes = notes;
    }

    /**
     * Weights to be written under a layout's names.
     *
     * @param weights the network's with the counters of batches
     * @param notes for the files' metadata
     * @throws UserError if the network is not written in the layout
     */
    static HubExport of(Network network, NamingLayout layout, StateDict weights, Map<String, String> notes) {
        LayerNames names = Networks.names(network, layout).orElseThrow(() -> notWritten(network, layout));
        return new HubExport(network, layout, renamed(weights, names), notes);
    }

    private static UserError notWritten(Network network, NamingLayout layout) {
        String written = Networks.written(network).stream().map(HubExport::word).collect(Collectors.joining(" or "));
        return new UserError("Can't write "
                + Networks.backbone(network).name()
                + " in the layout "
                + word(layout)
                + (written.isEmpty() ? "" : ", only in " + written)
                + "; leave --layout out for simreg's own names");
    }

    private static String word(NamingLayout layout) {
        return layout.name().toLowerCase(Locale.ROOT);
    }

    private static StateDict renamed(StateDict weights, LayerNames names) {
        Map<String, LazyTensor> tensors = new LinkedHashMap<>();
        for (String name : weights.names()) {
            // Tokens and positions stand in no layer.
            String layer = name.substring(0, Math.max(0, name.lastIndexOf('.')));
            LazyTensor stored = weights.stored(name);
            LayerNames.Tensor their = names.tensors().get(name);
            if (their == null) {
                tensors.put(names.theirs().getOrDefault(layer, layer) + name.substring(layer.length()), stored);
            } else {
                tensors.put(their.name(), stored.reshaped(withOnes(stored.shape(), their.ones())));
            }
        }
        return new StateDict(tensors);
    }

    private static long[] withOnes(long[] shape, int ones) {
        long[] longer = Arrays.copyOf(shape, shape.length + ones);
        Arrays.fill(longer, shape.length, longer.length, 1);
        return longer;
    }

    /**
     * Writes {@code NETWORK-LAYOUT.safetensors} and {@code .pth}, for Hugging Face the former as a folder.
     *
     * @param formats of which those that hold names are written
     * @return the files
     */
    List<Path> write(Path folder, Set<Format> formats) {
        String name = graph.name() + "-" + word(layout);
        List<Path> files = new ArrayList<>();
        for (Format format : EnumSet.copyOf(formats)) {
            if (format == Format.PTH) {
                Path file = folder.resolve(name + ".pth");
                TorchZip.write(file, weights, notes);
                files.add(file);
            } else if (format == Format.SAFETENSORS && layout == NamingLayout.HUGGINGFACE) {
                files.addAll(pretrained(folder.resolve(name)));
            } else if (format == Format.SAFETENSORS) {
                Path file = folder.resolve(name + ".safetensors");
                Safetensors.write(file, weights, notes);
                files.add(file);
            }
        }
        return files;
    }

    private List<Path> pretrained(Path folder) {
        Disk.folder(folder);
        Path model = folder.resolve("model.safetensors");
        Safetensors.write(model, weights, notes);
        Path config = folder.resolve("config.json");
        ByteBuffer text = ByteBuffer.wrap(config().getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(config, channel -> AtomicFile.put(channel, text));
        return List.of(model, config);
    }

    /** What transformers needs to know to make the network. */
    String config() {
        return switch (network) {
            case MOBILENET_V2 -> mobileNet(false, "1e-05");
            case MOBILENET_V2_TF -> mobileNet(true, "0.001");
            case CONVNEXT_TINY, CONVNEXT_SMALL, CONVNEXT_BASE, CONVNEXT_LARGE -> convNeXt();
            case EFFICIENTNET_B0_TF -> """
                {
                  "architectures": ["EfficientNetModel"],
                  "model_type": "efficientnet",
                  "num_channels": 3,
                  "width_coefficient": 1.0,
                  "depth_coefficient": 1.0,
                  "hidden_dim": 1280,
                  "image_size": 224
                }
                """;
            case RESNET10, RESNET18, RESNET34, RESNET50, RESNET101, RESNET50X2, RESNET50X4 -> resNet();
            default -> throw new IllegalStateException("No config.json is written for " + network);
        };
    }

    private static String mobileNet(boolean tensorFlow, String epsilon) {
        return """
                {
                  "architectures": ["MobileNetV2Model"],
                  "model_type": "mobilenet_v2",
                  "num_channels": 3,
                  "depth_multiplier": 1.0,
                  "hidden_act": "relu6",
                  "tf_padding": %s,
                  "layer_norm_eps": %s
                }
                """.formatted(tensorFlow, epsilon);
    }

    private String convNeXt() {
        List<Stage> stages = graph.stages().subList(1, 5);
        return """
                {
                  "architectures": ["ConvNextModel"],
                  "model_type": "convnext",
                  "num_channels": 3,
                  "hidden_sizes": [%s],
                  "depths": [%s],
                  "hidden_act": "gelu",
                  "layer_norm_eps": 1e-06
                }
                """.formatted(
                stages.stream().map(stage -> String.valueOf(stage.width())).collect(Collectors.joining(", ")),
                IntStream.range(0, stages.size())
                        .mapToObj(stage -> String.valueOf(sums("stages." + stage + ".")))
                        .collect(Collectors.joining(", ")));
    }

    private String resNet() {
        List<Stage> stages = graph.stages();
        String widths = stages.stream()
                .skip(1)
                .map(stage -> String.valueOf(stage.width()))
                .collect(Collectors.joining(", "));
        String depths = stages.stream()
                .skip(1)
                .map(stage -> String.valueOf(blocks(stage)))
                .collect(Collectors.joining(", "));
        boolean bottleneck = weights.names().stream().anyMatch(name -> name.contains(".layer.2."));
        return """
                {
                  "architectures": ["ResNetModel"],
                  "model_type": "resnet",
                  "num_channels": 3,
                  "embedding_size": %d,
                  "hidden_sizes": [%s],
                  "depths": [%s],
                  "layer_type": "%s",
                  "hidden_act": "relu",
                  "downsample_in_first_stage": false,
                  "downsample_in_bottleneck": false
                }
                """.formatted(stages.get(0).width(), widths, depths, bottleneck ? "bottleneck" : "basic");
    }

    private long blocks(Stage stage) {
        return sums(stage.name() + ".");
    }

    /** A residual block ends with its sum. */
    private long sums(String place) {
        return graph.nodes().stream()
                .filter(node -> node.op() instanceof Op.Add && node.name().startsWith(place))
                .count();
    }
}
