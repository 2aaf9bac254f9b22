package org.simreg.worker.engine.torchscript;

import java.util.ArrayList;
import java.util.List;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;

/**
 * The networks of a student, by which its state is laid out: a backbone and, on its feature, a head
 * for each teacher; or, with a momentum teacher, a projector and then a predictor.
 *
 * @param backbone images to feature
 * @param heads one head a teacher; none with a momentum teacher
 * @param projection projector and predictor of a momentum teacher; otherwise empty
 */
public record StudentNetwork(NetworkGraph backbone, List<NetworkGraph> heads, List<NetworkGraph> projection) {
    public StudentNetwork {
        heads = List.copyOf(heads);
        projection = List.copyOf(projection);
        if (heads.isEmpty() == projection.isEmpty() || projection.size() == 1 || projection.size() > 2) {
            throw new IllegalArgumentException("either heads, or a projector and a predictor");
        }
    }

    /** A student that regresses the features of frozen teachers. */
    public static StudentNetwork regression(NetworkGraph backbone, List<NetworkGraph> heads) {
        return new StudentNetwork(backbone, heads, List.of());
    }

    /** A student that predicts its own exponential average. */
    public static StudentNetwork selfTaught(NetworkGraph backbone, NetworkGraph projector, NetworkGraph predictor) {
        return new StudentNetwork(backbone, List.of(), List.of(projector, predictor));
    }

    /** Whether the teacher is the student's own exponential average. */
    public boolean selfTaught() {
        return heads.isEmpty();
    }

    /** Prefix of the names of the backbone's weights. */
    public static final String BACKBONE = "backbone.";

    /** Width of each target that the backward pass takes. */
    public List<Integer> targetWidths() {
        return selfTaught()
                ? List.of(projection.get(1).outputs())
                : heads.stream().map(NetworkGraph::outputs).toList();
    }

    /** Prefix of the names of a head's weights. */
    String headPlace(int head) {
        if (selfTaught()) {
            return head == 0 ? "projector." : "predictor.";
        }
        return heads.size() == 1 ? "head." : "head" + head + ".";
    }

    private List<NetworkGraph> tops() {
        return selfTaught() ? projection : heads;
    }

    /** Trained tensors: the backbone's, then the heads'. */
    public FlatLayout parameters() {
        return new FlatLayout(collect(true));
    }

    /** Running means and variances: the backbone's, then the heads'. */
    public FlatLayout statistics() {
        return new FlatLayout(collect(false));
    }

    /**
     * A range of the flat statistics, of which a batch's replace one part.
     *
     * @param momentum that part, from 0 to 1
     */
    record Running(int offset, int length, double momentum) {}

    /** The ranges of the flat statistics, in order; one where all normalisations have the same momentum. */
    List<Running> running() {
        FlatLayout layout = statistics();
        List<Running> parts = new ArrayList<>();
        addRunning(parts, layout, backbone, BACKBONE);
        for (int head = 0; head < tops().size(); head++) {
            addRunning(parts, layout, tops().get(head), headPlace(head));
        }
        List<Running> joined = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            int last = joined.size() - 1;
            int end = i + 1 < parts.size() ? parts.get(i + 1).offset : layout.length();
            Running part = parts.get(i);
            if (last >= 0 && joined.get(last).momentum == part.momentum) {
                joined.set(last, new Running(joined.get(last).offset, end - joined.get(last).offset, part.momentum));
            } else {
                joined.add(new Running(part.offset, end - part.offset, part.momentum));
            }
        }
        return joined;
    }

    private static void addRunning(List<Running> parts, FlatLayout layout, NetworkGraph network, String place) {
        for (NetworkGraph.Node node : network.nodes()) {
            if (node.op() instanceof Op.BatchNorm norm) {
                FlatLayout.Slot slot = layout.slot(place + node.name() + ".running_mean");
                parts.add(new Running(slot.offset(), 0, norm.momentum()));
            }
        }
    }

    /** Values of the flat parameters that the momentum teacher averages: backbone and projector. */
    public int averaged() {
        int tensors = backbone.parameters().size() + tops().get(0).parameters().size();
        return selfTaught() ? parameters().prefix(tensors) : 0;
    }

    /** Values of the flat parameters that are the backbone's, a prefix. */
    public int backboneParameters() {
        return parameters().prefix(backbone.parameters().size());
    }

    /** The backbone's part of the parameters, then of the statistics, as one vector. */
    public FlatLayout backboneLayout() {
        List<Weight> own = new ArrayList<>(weights(backbone, BACKBONE, true));
        own.addAll(weights(backbone, BACKBONE, false));
        return new FlatLayout(own);
    }

    private List<Weight> collect(boolean trained) {
        List<Weight> all = new ArrayList<>(weights(backbone, BACKBONE, trained));
        for (int head = 0; head < tops().size(); head++) {
            all.addAll(weights(tops().get(head), headPlace(head), trained));
        }
        return all;
    }

    private static List<Weight> weights(NetworkGraph network, String place, boolean trained) {
        return network.weights().stream()
                .filter(weight -> weight.kind().trained() == trained)
                .map(weight -> new Weight(place + weight.name(), weight.shape(), weight.kind()))
                .toList();
    }
}
