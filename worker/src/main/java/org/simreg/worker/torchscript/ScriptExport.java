package org.simreg.worker.torchscript;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.simreg.worker.checkpoint.AtomicFile;
import org.simreg.worker.checkpoint.DType;
import org.simreg.worker.checkpoint.HostTensor;
import org.simreg.worker.checkpoint.PickleWriter;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.checkpoint.StoredZip;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;

/**
 * A network with its weights as a TorchScript file: {@code torch.jit.load(file)(images)} with
 * normalised images (N, 3, H, W) float32 gives the features (N, D); its state dict has
 * torchvision's names.
 */
public final class ScriptExport {
    private final ModuleTree tree;
    private final StateDict weights;
    private final List<HostTensor> data = new ArrayList<>();
    private final PickleWriter pickle = new PickleWriter();

    private ScriptExport(Network network, StateDict weights) {
        this.tree = ModuleTree.of(network);
        this.weights = weights;
    }

    /**
     * Writes the file in one move.
     *
     * @param weights all of {@code network.weights()}; the counters of batches are added if they
     *     are there
     */
    public static void write(Path file, Network network, StateDict weights) {
        ScriptExport export = new ScriptExport(network, weights);
        byte[] code = export.tree.declarations(forward(network)).getBytes(StandardCharsets.UTF_8);
        export.object(export.tree);
        byte[] objects = export.pickle.stop();
        AtomicFile.write(file, channel -> export.store(new StoredZip(channel), objects, code));
    }

    private void store(StoredZip zip, byte[] objects, byte[] code) throws IOException {
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
        }
    }

    private void object(ModuleTree module) {
        pickle.global("__torch__", module.className()).emptyTuple().newObject().emptyDict().mark();
        for (Weight weight : module.weights()) {
            pickle.string(ModuleTree.last(weight));
            tensor(weights.get(weight.name()), weight.kind().trained());
        }
        if (module.countsBatches()) {
            pickle.string("num_batches_tracked");
            tensor(weights.get(module.path() + ".num_batches_tracked"), false);
        }
        pickle.string("training").bool(false);
        module.children()
                .forEach(
                        (name, child) -> {
                            pickle.string(name);
                            object(child);
                        });
        pickle.setItems().build();
    }

    private void tensor(HostTensor tensor, boolean trained) {
        DType type = tensor.dtype();
        String key = String.valueOf(data.size());
        PickleWriter.Storage storage =
                new PickleWriter.Storage(type, key, tensor.length(), trained);
        pickle.tensor(storage, 0, tensor.shape(), PickleWriter.contiguous(tensor.shape()));
        data.add(tensor);
    }

    private static String forward(Network network) {
        Source source = new Source().method("forward(self, x: Tensor) -> Tensor");
        ForwardCode.Names names =
                new ForwardCode.Names() {
                    @Override
                    public String trained(String name) {
                        return ModuleTree.expression(name);
                    }

                    @Override
                    public String normalisation(String layer) {
                        return ModuleTree.expression(layer + ".running_mean")
                                + ", "
                                + ModuleTree.expression(layer + ".running_var")
                                + String.format(
                                        Locale.ROOT, ", False, %.1f", Op.BatchNorm.MOMENTUM);
                    }
                };
        String output = new ForwardCode(source, names, "y", false).append(network, "", "x");
        source.line("return %s", output);
        return ForwardCode.PAD_SAME + source;
    }
}
