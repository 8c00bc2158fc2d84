"""Can this build of an engine run this model on this device: yes, no or unknown, with the evidence.

From the facts of a host and the tables of `remuda.knowledge`. `outlook` judges the newest builds of every engine on
every device, `fleet` what a fleet file asks for; both go through `judge`. A reason is a value that is made where it is
decided, with the row that it rests on. What no row tells is unknown, and never blocks anything.
"""
