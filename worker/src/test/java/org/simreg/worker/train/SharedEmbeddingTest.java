package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.folder.FolderSource;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.exchange.ahead.EvaluationShares;
import org.simreg.worker.exchange.ahead.PartInbox;
import org.simreg.worker.exchange.ahead.PartOutbox;
import org.simreg.worker.exchange.ahead.SharedPass;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;
import org.simreg.worker.exchange.wire.NettyWire;
import org.simreg.worker.features.embed.ImageEmbedder;
import org.simreg.worker.features.embed.ImageEmbedder.Features;
import org.simreg.worker.features.knn.FeatureBank;

/** Two members embed the sample's train images by a network that gives the mean colour. */
@Timeout(60)
class SharedEmbeddingTest {
    private static final ViewRecipe.CentreView VIEW = new ViewRecipe.CentreView(32, 32);

    @TempDir
    Path folder;

    private final List<PeerTransport> transports =
            List.of(NettyWire.transport("127.0.0.1", 0), NettyWire.transport("127.0.0.1", 0));

    private ImageList images;

    @BeforeEach
    void open() {
        ImageDataset.Subset all = new ImageDataset.Subset(0, Optional.empty());
        images = FolderSource.open(
                        SmallRun.SAMPLE, all, folder.resolve("index"), ImageDataset.IndexProgress.SILENT, note -> {})
                .train();
    }

    @AfterEach
    void close() {
        transports.forEach(PeerTransport::close);
    }

    /**
     * @param seen gets the first value of each batch
     * @param spoilt first values of batches that give no numbers
     */
    private static Features means(List<Float> seen, Set<Float> spoilt) {
        return (scope, views) -> {
            NDArray means =
                    views.toType(DataType.FLOAT32, false).mean(new int[] {1}).mean(new int[] {1});
            float first = means.toFloatArray()[0];
            seen.add(first);
            return spoilt.contains(first) ? means.mul(Float.NaN) : means;
        };
    }

    /** What a member does, with its torch. */
    private interface Work<T> {
        T with(Torch torch, ImageEmbedder embedder);
    }

    private <T> T working(Work<T> work) {
        try (Torch torch = new Torch("cpu", 1);
                ImageEmbedder embedder =
                        new ImageEmbedder(torch, images, new BatchLoader.Settings(1, 3, 7), notice -> {})) {
            torch.enter();
            return work.with(torch, embedder);
        }
    }

    private FeatureBank alone(Features features) {
        return working((torch, embedder) -> embedder.bank(features, VIEW, ProgressMonitor.SILENT));
    }

    private FeatureBank shared(Features ours, Features theirs) throws Exception {
        try (PartInbox others = (PartInbox) EvaluationShares.open(transports.get(0), peers(0));
                PartOutbox to = (PartOutbox) EvaluationShares.open(transports.get(1), peers(1))) {
            CompletableFuture<Boolean> other = CompletableFuture.supplyAsync(() -> working((torch, embedder) -> {
                embedding(torch, embedder).contribute(theirs, to);
                return true;
            }));
            try {
                return working((torch, embedder) -> embedding(torch, embedder).collect(ours, others));
            } finally {
                assertTrue(other.get(30, TimeUnit.SECONDS));
            }
        }
    }

    private Peers peers(int rank) {
        return new Peers(
                "job",
                1,
                rank,
                List.of(
                        new Peers.Peer("w0", transports.get(0).address(), 0, 1),
                        new Peers.Peer("w1", transports.get(1).address(), 1, 1)));
    }

    private SharedEmbedding embedding(Torch torch, ImageEmbedder embedder) {
        SharedPass pass = new SharedPass(
                new SharedPass.Place(0, 0),
                new SharedPass.Rows(images.size(), ImageEmbedder.BATCH, 3),
                new SharedPass.Origin(images.sha256(), torch.profile(), true));
        return new SharedEmbedding(
                embedder, new ImageEmbedder.Pass(VIEW, 0, embedder.all()), pass, ProgressMonitor.SILENT);
    }

    @Test
    void theRowsAreThoseOfOneMember() throws Exception {
        FeatureBank expected = alone(means(new ArrayList<>(), Set.of()));
        FeatureBank found = shared(means(new ArrayList<>(), Set.of()), means(new ArrayList<>(), Set.of()));
        assertEquals(images.size(), found.size());
        for (int row = 0; row < expected.size(); row++) {
            assertArrayEquals(expected.row(row), found.row(row));
            assertEquals(expected.id(row), found.id(row));
        }
        assertArrayEquals(expected.labels(), found.labels());
    }

    @Test
    void ofSeveralErrorsTheOneIsSaidThatOneMemberMeetsFirst() throws Exception {
        List<Float> first = new ArrayList<>();
        alone(means(first, Set.of()));
        Set<Float> spoilt = Set.of(first.get(1), first.get(2), first.get(5));
        String expected = assertThrows(UserError.class, () -> alone(means(new ArrayList<>(), spoilt)))
                .getMessage();
        assertTrue(expected.contains(images.location(ImageEmbedder.BATCH)), expected);
        UserError found = assertThrows(
                UserError.class, () -> shared(means(new ArrayList<>(), spoilt), means(new ArrayList<>(), spoilt)));
        assertEquals(expected, found.getMessage());
    }

    @Test
    void whatAnotherMembersNetworkSpoilsIsComputedByTheOneThatLeads() throws Exception {
        List<Float> first = new ArrayList<>();
        FeatureBank expected = alone(means(first, Set.of()));
        FeatureBank found = shared(means(new ArrayList<>(), Set.of()), means(new ArrayList<>(), Set.of(first.get(3))));
        for (int row = 0; row < expected.size(); row++) {
            assertArrayEquals(expected.row(row), found.row(row));
        }
    }
}
