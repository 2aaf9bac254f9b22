package org.simreg.worker.export;

import com.google.protobuf.CodedOutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.export.onnx.GraphProto;
import org.simreg.worker.export.onnx.ModelProto;
import org.simreg.worker.export.onnx.OperatorSetIdProto;
import org.simreg.worker.export.onnx.StringStringEntryProto;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.weights.checkpoint.FoldedNetwork;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The writer of networks in the Open Neural Network Exchange format, for inference.
 *
 * @see <a href="https://onnx.ai/onnx/operators/">the operators</a>
 */
public final class OnnxWriter {
    private OnnxWriter() {}

    /**
     * Writes a network with its BatchNorms folded into the convolutions, whole or not at all. Input
     * {@code images}: (N, inputs, H, W) float32, scaled to 0..1 and normalised with ImageNet's mean
     * and standard deviation; N, H and W are free, but H and W of a vision transformer. Output {@code features}: (N, outputs). Equal
     * weights give equal bytes.
     *
     * @param size height and width in px that the network was trained with, written down as
     *     metadata
     * @throws UserError if the file can't be written
     */
    public static void write(Path file, NetworkGraph network, StateDict weights, int size) {
        write(file, model(network, weights, new OnnxTarget(size)));
    }

    /** Writes a model, whole or not at all. */
    public static void write(Path file, ModelProto model) {
        AtomicFile.write(file, channel -> {
            // Closing the stream would close the channel before it is forced.
            CodedOutputStream out = CodedOutputStream.newInstance(Channels.newOutputStream(channel));
            model.writeTo(out);
            out.flush();
        });
    }

    /**
     * Says before the work what can't be written.
     *
     * @throws UserError if a layer of the network has no ONNX operators here
     */
    static void refuseUnknown(NetworkGraph network) {
        OnnxTokens.unknown(network).ifPresent(what -> {
            throw new UserError("Can't write " + network.name() + " as onnx: there are none of its " + what
                    + "; give --format torchscript,safetensors,pth");
        });
    }

    /**
     * A network for a target; see {@link #write(Path, NetworkGraph, StateDict, int)}.
     *
     * @throws UserError if the target's operators or image size are none of the network's
     */
    public static ModelProto model(NetworkGraph network, StateDict weights, OnnxTarget target) {
        boolean fixed = network.nodes().get(0).op() instanceof Op.PatchTokens;
        if (fixed && target.batch().isPresent() && target.size() != ownSize(network)) {
            throw new UserError("--size: %s takes images of %d px as onnx, not of %d; give --size %d"
                    .formatted(network.name(), ownSize(network), target.size(), ownSize(network)));
        }
        GraphProto graph = new OnnxGraph(FoldedNetwork.of(network, weights), target).graph();
        target.requireOperators(network.name(), graph);
        ModelProto.Builder model = ModelProto.newBuilder()
                .setIrVersion(target.format())
                .setProducerName("simreg")
                .setGraph(graph)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(target.operators()));
        Map<String, Object> metadata = new TreeMap<>();
        metadata.put("size", fixed ? ownSize(network) : target.size());
        metadata.put("mean", List.of(0.485, 0.456, 0.406));
        metadata.put("std", List.of(0.229, 0.224, 0.225));
        metadata.forEach((key, value) -> model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value.toString())));
        return model.build();
    }

    private static int ownSize(NetworkGraph transformer) {
        Op.PatchTokens tokens = (Op.PatchTokens) transformer.nodes().get(0).op();
        return tokens.patch() * tokens.positions().grid();
    }
}
