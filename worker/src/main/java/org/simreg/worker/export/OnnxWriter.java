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
    /** Understood by ONNX Runtime 1.14 and later. */
    private static final int IR_VERSION = 8;

    private static final int OPERATORS = 17;

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
     * @param pixels normalisation that it wants, written down as metadata
     * @throws UserError if the file can't be written, or the size is none for the network
     */
    public static void write(Path file, NetworkGraph network, StateDict weights, int size, Pixels pixels) {
        if (network.nodes().get(0).op() instanceof Op.PatchTokens tokens) {
            network.misfit(OnnxTokens.size(tokens, size)).ifPresent(why -> {
                throw new UserError("Can't write %s as onnx: %s".formatted(network.name(), why));
            });
        }
        ModelProto model = model(network, weights, size, pixels);
        AtomicFile.write(file, channel -> {
            // Closing the stream would close the channel before it is forced.
            CodedOutputStream out = CodedOutputStream.newInstance(Channels.newOutputStream(channel));
            model.writeTo(out);
            out.flush();
        });
    }

    /** The same of a network that wants ImageNet's pixels. */
    public static void write(Path file, NetworkGraph network, StateDict weights, int size) {
        write(file, network, weights, size, Pixels.IMAGENET);
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

    private static ModelProto model(NetworkGraph network, StateDict weights, int size, Pixels pixels) {
        ModelProto.Builder model = ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName("simreg")
                .setGraph(new OnnxGraph(FoldedNetwork.of(network, weights), size).graph())
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATORS));
        Map<String, Object> metadata = new TreeMap<>();
        Op first = network.nodes().get(0).op();
        PixelRange range = PixelRange.of(pixels);
        metadata.put("size", first instanceof Op.PatchTokens tokens ? OnnxTokens.size(tokens, size) : size);
        metadata.put("mean", Arrays.toString(range.mean()));
        metadata.put("std", Arrays.toString(range.deviation()));
        metadata.forEach((key, value) -> model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value.toString())));
        return model.build();
    }
}
