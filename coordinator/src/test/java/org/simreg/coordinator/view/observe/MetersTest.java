package org.simreg.coordinator.view.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetersTest {
    private final Meters meters = new Meters();

    @AfterEach
    void close() {
        meters.close();
    }

    @Test
    void residentMemoryIsReadFromLinesOfTheSystem() {
        List<String> status = List.of("Name:\tjava", "VmHWM:\t 2000 kB", "VmRSS:\t 1154672 kB");
        assertEquals(1154672 * 1024.0, Meters.resident(status));
        assertTrue(Double.isNaN(Meters.resident(List.of("Name:\tjava"))));
    }

    @Test
    void memoryOfThisProcessIsShownInBytes() {
        assertTrue(Scrape.value(meters, "simreg_memory_resident_bytes") > 10e6);
        assertTrue(Scrape.value(meters, "simreg_memory_heap_bytes") > 1e6);
    }

    @Test
    void theWantedNumberOfWorkersIsAskedAtEveryScrape() {
        AtomicInteger wanted = new AtomicInteger(2);
        meters.wanted(wanted::get);
        assertEquals(2, Scrape.value(meters, "simreg_workers_wanted"));
        wanted.set(5);
        assertEquals(5, Scrape.value(meters, "simreg_workers_wanted"));
    }

    @Test
    void searchesAreCountedInBucketsOfTheirDuration() {
        meters.searches().record(Duration.ofMillis(15));
        meters.searches().record(Duration.ofMillis(150));
        assertEquals(2, Scrape.value(meters, "simreg_search_seconds_count"));
        assertEquals(0.165, Scrape.value(meters, "simreg_search_seconds_sum"), 1e-9);
        assertEquals(1, Scrape.value(meters, "simreg_search_seconds_bucket{le=\"0.02\"}"));
        assertEquals(2, Scrape.value(meters, "simreg_search_seconds_bucket{le=\"0.2\"}"));
    }
}
