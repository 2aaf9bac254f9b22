package org.simreg.worker.export;

import com.google.protobuf.CodedOutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.export.onnx.GraphProto;
import org.simreg.worker.export.onnx.ModelProto;
import org.simreg.worker.export.onnx.OperatorSetIdProto;
import org.simreg.worker.export.onnx.StringStringEntryProto;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.PixelRange;
import org.simreg.worker.weights.checkpoint.FoldedNetwork;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The writer of networks in the Open Neural Network Exchange format, for inference.
 *
 * @see <a href="https://onnx.ai/onnx/operators/">the operators</a>
 */
public final class OnnxWriter {
    /** Leaves room for names and operators. */
    private static final int LARGEST = Integer.MAX_VALUE - (16 << 20);

    private OnnxWriter() {}

    /**
     * Writes a network with its BatchNorms folded into the convolutions, whole or not at all. Input
     * {@code images}: (N, inputs, H, W) float32, scaled to 0..1 and normalised; N, H and W are free, but H and W of a
     * vision transformer. Output {@code features}: (N, outputs). Equal
     * weights give equal bytes.
     *
     * @param size height and width in px that the network was trained with, written down as metadata; of a vision
     *     transformer without learned positions the size of its images
     * @throws UserError if the file can't be written, or the size is none for the network
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
     * @throws UserError if the weights are more than one message of protobuf holds
     */
    static void refuseLarge(NetworkGraph network) {
        double bytes = (double) Float.BYTES * network.parameterCount();
        if (bytes > LARGEST) {
            throw new UserError(
                    "Can't write %s as onnx: its weights are %.1f GB, and a file holds 2.1; give --format torchscript,safetensors,pth"
                            .formatted(network.name(), bytes / 1e9));
        }
    }

    /** A network that wants ImageNet's pixels; see {@link #model(NetworkGraph, StateDict, OnnxTarget, Pixels)}. */
    public static ModelProto model(NetworkGraph network, StateDict weights, OnnxTarget target) {
        return model(network, weights, target, Pixels.IMAGENET);
    }

    /**
     * A network for a target; see {@link #write(Path, NetworkGraph, StateDict, int)}.
     *
     * @param pixels normalisation that it wants, written down as metadata
     * @throws UserError if the target's operators or image size are none of the network's
     */
    public static ModelProto model(NetworkGraph network, StateDict weights, OnnxTarget target, Pixels pixels) {
        int size = target.size();
        if (network.nodes().get(0).op() instanceof Op.PatchTokens tokens) {
            size = OnnxTokens.size(tokens, size);
            requireSize(network, target, size);
        }
        GraphProto graph = new OnnxGraph(FoldedNetwork.of(network, weights), target).graph();
        target.requireOperators(network.name(), graph);
        ModelProto.Builder model = ModelProto.newBuilder()
                .setIrVersion(target.format())
                .setProducerName("simreg")
                .setGraph(graph)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(target.operators()));
        PixelRange range = PixelRange.of(pixels);
        Map<String, Object> metadata = new TreeMap<>();
        metadata.put("size", size);
        metadata.put("mean", Arrays.toString(range.mean()));
        metadata.put("std", Arrays.toString(range.deviation()));
        metadata.forEach((key, value) -> model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value.toString())));
        return model.build();
    }

    private static void requireSize(NetworkGraph network, OnnxTarget target, int own) {
        if (target.batch().isPresent() && target.size() != own) {
            throw new UserError("--size: %s takes images of %d px as onnx, not of %d; give --size %d"
                    .formatted(network.name(), own, target.size(), own));
        }
        network.misfit(own).ifPresent(why -> {
            throw new UserError("Can't write %s as onnx: %s".formatted(network.name(), why));
        });
    }
}
