package org.simreg.worker.features.embed;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.simreg.proto.UserError;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Stage;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.RecognizedFile;
import org.simreg.worker.weights.checkpoint.RecognizedFile.FoundNetwork.Role;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A network of a file joined with the heads that the file has on top of it, and the stages whose
 * features are asked for.
 *
 * @param network backbone and heads as one
 * @param weights of all of it
 * @param stages of the backbone, then of every head
 */
record StagedNetwork(NetworkGraph network, StateDict weights, List<Stage> stages) {
    /**
     * @param layers names of the stages that are wanted; empty: all
     * @throws UserError if a head of the file is none of SimReg's, with its shapes; or a name is
     *     none of its stages
     */
    static StagedNetwork of(WeightsChoice chosen, Role part, List<String> layers, String fileName) {
        NetworkGraph network = chosen.network();
        int feature = network.nodes().size();
        Map<String, HostTensor> weights = new LinkedHashMap<>();
        put(weights, "", chosen.weights());
        List<Stage> stages = new ArrayList<>(Stage.of(network));
        List<RecognizedFile.FoundHead> heads = heads(chosen, part, layers, fileName);
        for (RecognizedFile.FoundHead head : heads) {
            String name = heads.size() == 1 ? "head" : "head" + heads.indexOf(head);
            NetworkGraph layersOfHead = head.network().orElseThrow();
            stages.addAll(Stage.ofHead(layersOfHead, name, network.nodes().size()));
            network = Stage.joined(network, feature, layersOfHead, name);
            StateDict own =
                    NetworkFit.fit(
                            chosen.recognised().tensors(), head.prefix(), layersOfHead, fileName);
            put(weights, name + ".", own);
        }
        return new StagedNetwork(network, StateDict.of(weights), wanted(stages, layers, fileName));
    }

    private static void put(Map<String, HostTensor> all, String prefix, StateDict weights) {
        weights.names().forEach(name -> all.put(prefix + name, weights.get(name)));
    }

    private static List<RecognizedFile.FoundHead> heads(
            WeightsChoice chosen, Role part, List<String> layers, String fileName) {
        boolean none = layers.stream().noneMatch(name -> name.startsWith("head"));
        if (part != Role.STUDENT || none && !layers.isEmpty()) {
            return List.of();
        }
        List<RecognizedFile.FoundHead> heads =
                chosen.recognised().heads(chosen.network().outputs());
        for (RecognizedFile.FoundHead head : heads) {
            if (head.network().isEmpty()) {
                throw new UserError(
                        "Can't evaluate the head %s* of %s: its layers are %s, which is none of SimReg's heads; name the backbone's stages with --layers to leave it out"
                                .formatted(head.prefix(), fileName, head.shapes()));
            }
        }
        return heads;
    }

    private static List<Stage> wanted(List<Stage> stages, List<String> layers, String fileName) {
        List<String> known = stages.stream().map(Stage::name).toList();
        List<String> unknown = layers.stream().filter(name -> !known.contains(name)).toList();
        if (!unknown.isEmpty()) {
            throw new UserError(
                    "--layers: %s has no %s; choose of %s"
                            .formatted(
                                    fileName,
                                    String.join(", ", unknown),
                                    known.stream().collect(Collectors.joining(", "))));
        }
        return stages.stream()
                .filter(stage -> layers.isEmpty() || layers.contains(stage.name()))
                .toList();
    }
}
