from remuda.facts.parse.rocblas import targets


def test_targets_are_in_the_names_of_libraries() -> None:
    names = [
        "TensileLibrary_lazy_gfx90a.dat",
        "TensileLibrary_lazy_gfx906.dat",
        "TensileLibrary_Type_HH_Contraction_l_Ailk_Bjlk_Cijk_Dijk_fallback_gfx906.hsaco",
        "Kernels.so-000-gfx1100.hsaco",
        "TensileManifest.txt",
    ]
    assert targets(names) == ("gfx906", "gfx90a")
    assert targets([]) == ()
