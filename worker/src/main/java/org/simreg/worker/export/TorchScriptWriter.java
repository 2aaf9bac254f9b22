package org.simreg.worker.export;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torchscript.ForwardCode;
import org.simreg.worker.engine.torchscript.layer.LayerCode;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.format.StoredZip;
import org.simreg.worker.weights.format.pickle.PickleWriter;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The writer of a network with its weights as a TorchScript file: {@code
 * torch.jit.load(file)(images)} with normalised images (N, 3, H, W) float32 gives the features (N,
 * D); its state dict has torchvision's names.
 */
public final class TorchScriptWriter {
    private final ModuleTree tree;
    private final StateDict weights;
    private final List<HostTensor> data = new ArrayList<>();
    private final PickleWriter pickle = new PickleWriter();

    private TorchScriptWriter(NetworkGraph network, StateDict weights) {
        this.tree = ModuleTree.of(network);
        this.weights = weights;
    }

    /**
     * Writes the file in one move.
     *
     * @param weights all of {@code network.weights()}; the counters of batches are added if they
     *     are there
     */
    public static void write(Path file, NetworkGraph network, StateDict weights) {
        write(file, network, weights, Map.of());
    }

    /**
     * Writes the file with notes in it, which libtorch passes over.
     *
     * @param notes more records, by name
     */
    static void write(Path file, NetworkGraph network, StateDict weights, Map<String, String> notes) {
        TorchScriptWriter export = new TorchScriptWriter(network, weights);
        byte[] code = export.tree.declarations(forward(network)).getBytes(StandardCharsets.UTF_8);
        export.object(export.tree);
        byte[] objects = export.pickle.stop();
        AtomicFile.write(file, channel -> export.store(new StoredZip(channel), objects, code, notes));
    }

    private void store(StoredZip zip, byte[] objects, byte[] code, Map<String, String> notes) throws IOException {
        try (zip) {
            zip.add("archive/data.pkl", objects);
            zip.add("archive/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < data.size(); i++) {
                ByteBuffer bytes = data.get(i).data();
                zip.add("archive/data/" + i, bytes);
            }
            zip.add("archive/code/__torch__.py", code);
            zip.add("archive/constants.pkl", new PickleWriter().emptyTuple().stop());
            zip.add("archive/version", "3\n".getBytes(StandardCharsets.US_ASCII));
            for (Map.Entry<String, String> note : notes.entrySet()) {
                zip.add("archive/" + note.getKey(), note.getValue().getBytes(StandardCharsets.US_ASCII));
            }
        }
    }

    private void object(ModuleTree module) {
        pickle.global("__torch__", module.className())
                .emptyTuple()
                .newObject()
                .emptyDict()
                .mark();
        for (Weight weight : module.weights()) {
            pickle.string(ModuleTree.last(weight));
            tensor(weights.get(weight.name()), weight.kind().trained());
        }
        if (module.countsBatches()) {
            pickle.string("num_batches_tracked");
            tensor(weights.get(module.path() + ".num_batches_tracked"), false);
        }
        pickle.string("training").bool(false);
        module.children().forEach((name, child) -> {
            pickle.string(name);
            object(child);
        });
        pickle.setItems().build();
    }

    private void tensor(HostTensor tensor, boolean trained) {
        DType type = tensor.dtype();
        String key = String.valueOf(data.size());
        PickleWriter.Storage storage = new PickleWriter.Storage(type, key, tensor.length(), trained);
        pickle.tensor(storage, 0, tensor.shape(), PickleWriter.contiguous(tensor.shape()));
        data.add(tensor);
    }

    private static String forward(NetworkGraph network) {
        ScriptSource source = new ScriptSource().method("forward(self, x: Tensor) -> Tensor");
        ForwardCode.Names names = new ForwardCode.Names() {
            @Override
            public String trained(String name) {
                return ModuleTree.expression(name);
            }

            @Override
            public String normalisation(String layer) {
                return ModuleTree.expression(layer + ".running_mean")
                        + ", "
                        + ModuleTree.expression(layer + ".running_var")
                        + String.format(Locale.ROOT, ", False, %.1f", Op.BatchNorm.MOMENTUM);
            }
        };
        String output = new ForwardCode(source, names, "y", false).append(network, "", "x");
        source.line("return %s", output);
        return LayerCode.methods(List.of(network), false) + source;
    }

    /**
     * A network's tensors as nested modules, so that the loaded archive's state dict has
     * torchvision's dotted names.
     *
     * @param path dotted place of this module, empty for the outermost
     * @param children modules by their name in this one
     * @param weights tensors of this module
     */
    private record ModuleTree(String path, Map<String, ModuleTree> children, List<Weight> weights) {
        static ModuleTree of(NetworkGraph network) {
            ModuleTree root = new ModuleTree("", new LinkedHashMap<>(), new ArrayList<>());
            for (Weight weight : network.weights()) {
                ModuleTree module = root;
                String[] names = weight.name().split("\\.");
                for (int i = 0; i < names.length - 1; i++) {
                    module = module.child(names[i]);
                }
                module.weights.add(weight);
            }
            return root;
        }

        private ModuleTree child(String name) {
            String place = path.isEmpty() ? name : path + "." + name;
            return children.computeIfAbsent(name, n -> new ModuleTree(place, new LinkedHashMap<>(), new ArrayList<>()));
        }

        /**
         * Name of the module's class: every module has its own, because the types of its attributes
         * are its own.
         */
        String className() {
            return path.isEmpty() ? "Backbone" : "Backbone_" + path.replace('.', '_');
        }

        /** Whether it is a BatchNorm, which counts its batches in torchvision's state dict. */
        boolean countsBatches() {
            return weights.stream().anyMatch(weight -> weight.kind() == Weight.Kind.RUNNING_MEAN);
        }

        /** Source of this module's class and, before it, those of its children. */
        String declarations(String methods) {
            StringBuilder text = new StringBuilder();
            children.values().forEach(child -> text.append(child.declarations("")));
            text.append("class ").append(className()).append("(Module):\n");
            text.append("  __parameters__ = ").append(names(true)).append("\n");
            text.append("  __buffers__ = ").append(names(false)).append("\n");
            weights.forEach(weight -> text.append("  ").append(last(weight)).append(" : Tensor\n"));
            if (countsBatches()) {
                text.append("  num_batches_tracked : Tensor\n");
            }
            text.append("  training : bool\n");
            children.forEach((name, child) -> text.append(attribute(name, child)));
            return text.append(methods).toString();
        }

        private static String attribute(String name, ModuleTree child) {
            String type = "__torch__." + child.className();
            boolean digits = Character.isDigit(name.charAt(0));
            return digits ? "  __annotations__[\"" + name + "\"] = " + type + "\n" : "  " + name + " : " + type + "\n";
        }

        private String names(boolean trained) {
            StringBuilder list = new StringBuilder("[");
            weights.stream()
                    .filter(weight -> weight.kind().trained() == trained)
                    .forEach(weight -> list.append('"').append(last(weight)).append("\", "));
            if (!trained && countsBatches()) {
                list.append("\"num_batches_tracked\", ");
            }
            return list.append(']').toString();
        }

        static String last(Weight weight) {
            return weight.name().substring(weight.name().lastIndexOf('.') + 1);
        }

        /**
         * Expression for a tensor by its dotted name: {@code getattr(self.layer1,
         * "0").conv1.weight}.
         */
        static String expression(String name) {
            String expression = "self";
            for (String part : name.split("\\.")) {
                boolean digits = Character.isDigit(part.charAt(0));
                expression = digits ? "getattr(" + expression + ", \"" + part + "\")" : expression + "." + part;
            }
            return expression;
        }
    }
}
